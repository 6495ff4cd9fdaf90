"""A shop on chalice: a REST API with CORS and an authorizer, a worker on a queue, a job by a schedule."""

from chalice import AuthResponse, Chalice, Rate

app = Chalice(app_name="shop")


@app.authorizer(ttl_seconds=0)
def guard(request):
    return AuthResponse(routes=["*"] if request.token == "let me in" else [], principal_id="guest")


@app.route("/orders/{order}", methods=["GET"], cors=True)
def show(order):
    return {"order": order, "query": app.current_request.query_params}


@app.route("/orders", methods=["POST"], authorizer=guard)
def place():
    return {"placed": app.current_request.json_body["order"]}


@app.on_sqs_message(queue="chalice-orders", batch_size=5)
def work(event):
    for record in event:
        print("worked on", record.body)


@app.schedule(Rate(1, unit=Rate.MINUTES))
def tick(event):
    print("tick of", event.source)

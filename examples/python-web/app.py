"""A Starlette application as a Lambda function, by Mangum: an API, cookies, a redirect, files in and out."""
from mangum import Mangum
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route


async def greet(request):
    query = request.query_params.multi_items()
    return JSONResponse({"hello": request.path_params["name"], "query": query, "scheme": request.url.scheme})


async def enter(request):
    answer = RedirectResponse("me", status_code=303)
    answer.set_cookie("guest", (await request.json())["name"], httponly=True)
    answer.set_cookie("visits", "1")
    return answer


async def me(request):
    return JSONResponse(request.cookies)


async def mirror(request):
    return Response(await request.body(), media_type=request.headers["content-type"])


app = Starlette(
    routes=[
        Route("/hello/{name}", greet),
        Route("/guest", enter, methods=["POST"]),
        Route("/me", me),
        Route("/mirror", mirror, methods=["POST"]),
    ]
)
handler = Mangum(app, lifespan="off")

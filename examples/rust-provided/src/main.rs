//! Counts what people call characters, with a crate of others and AWS's runtime for Rust.
use lambda_runtime::{run, service_fn, Error, LambdaEvent};
use serde_json::{json, Value};
use unicode_segmentation::UnicodeSegmentation;

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let name = event.payload["name"].as_str().ok_or("there is no name")?;
    println!("Greeting {name}");
    Ok(json!({
        "message": format!("Hello, {name}!"),
        "characters": name.graphemes(true).count(),
        "requestId": event.context.request_id,
    }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

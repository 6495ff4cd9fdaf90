//! An extension of AWS's own crate: hears of invocations, takes telemetry, and writes down what the crate made of each event.
use lambda_extension::{
    service_fn, Error, Extension, LambdaEvent, LambdaTelemetry, NextEvent, SharedService,
};
use std::fs::OpenOptions;
use std::io::Write;

const NOTES: &str = "/tmp/telemetry";

fn note(line: String) -> Result<(), Error> {
    let mut file = OpenOptions::new().create(true).append(true).open(NOTES)?;
    Ok(writeln!(file, "{}", line.replace('\n', " "))?)
}

async fn on_event(event: LambdaEvent) -> Result<(), Error> {
    match event.next {
        NextEvent::Invoke(invoke) => note(format!("invoke {} {}", invoke.request_id, invoke.invoked_function_arn)),
        NextEvent::Shutdown(shutdown) => {
            println!("shutdown {}", shutdown.shutdown_reason);
            Ok(())
        }
    }
}

async fn on_telemetry(events: Vec<LambdaTelemetry>) -> Result<(), Error> {
    for event in events {
        note(format!("{:?}", event.record))?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Extension::new()
        .with_events_processor(service_fn(on_event))
        .with_telemetry_processor(SharedService::new(service_fn(on_telemetry)))
        .with_telemetry_types(&["platform", "function", "extension"])
        .run()
        .await
}

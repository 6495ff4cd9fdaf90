// A function on aws-lambda-go, compiled to one static executable named bootstrap.
package main

import (
	"context"
	"errors"
	"log"
	"runtime"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type greetingEvent struct {
	Name string `json:"name"`
	Fail bool   `json:"fail"`
}

type greeting struct {
	Message   string `json:"message"`
	From      string `json:"from"`
	RequestID string `json:"requestId"`
}

func handle(ctx context.Context, event greetingEvent) (greeting, error) {
	if event.Fail {
		return greeting{}, errors.New("asked to fail")
	}
	log.Printf("Greeting %s", event.Name)
	answer := greeting{
		Message: "Hello, " + event.Name + "!",
		From:    lambdacontext.FunctionName + " on " + runtime.Version(),
	}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		answer.RequestID = lc.AwsRequestID
	}
	return answer, nil
}

func main() {
	lambda.Start(handle)
}

package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;

/** Takes and returns plain objects, which the runtime reads from JSON and writes to it. */
public class Greeting implements RequestHandler<Greeting.Request, Greeting.Answer> {
    public static class Request {
        private String name;
        private boolean fail;

        public String getName() { return name; }
        public void setName(String name) { this.name = name; }
        public boolean isFail() { return fail; }
        public void setFail(boolean fail) { this.fail = fail; }
    }

    public record Answer(String message, String from, int calls) {
        public String getMessage() { return message; }
        public String getFrom() { return from; }
        public int getCalls() { return calls; }
    }

    private int calls = 0;

    @Override
    public Answer handleRequest(Request request, Context context) {
        context.getLogger().log("Greeting " + request.getName() + "\n");
        if (request.isFail()) throw new IllegalArgumentException("asked to fail");
        String from = context.getFunctionName() + " on Java " + Runtime.version().feature();
        String greeting = System.getProperty("greeting", "Hello");
        return new Answer(greeting + ", " + request.getName() + "!", from, ++calls);
    }
}

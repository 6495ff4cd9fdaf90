package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Reads and writes the bytes itself, with a JSON library of its own. */
public class Shout implements RequestStreamHandler {
    @Override
    public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
        JsonObject event = JsonParser.parseReader(new InputStreamReader(input, StandardCharsets.UTF_8)).getAsJsonObject();
        JsonObject answer = new JsonObject();
        answer.addProperty("message", event.get("name").getAsString().toUpperCase(Locale.ROOT));
        output.write(answer.toString().getBytes(StandardCharsets.UTF_8));
    }
}

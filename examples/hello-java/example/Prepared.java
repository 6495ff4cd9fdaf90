package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.crac.Core;
import org.crac.Resource;

/** For SnapStart: says which of its steps it has been through, with CRaC's hooks before the snapshot and after each restore. */
public class Prepared implements RequestHandler<Map<String, Object>, Map<String, Object>>, Resource {
    private final List<String> steps = new ArrayList<>(List.of("init"));
    private final SecureRandom random = new SecureRandom();

    public Prepared() {
        Core.getGlobalContext().register(this);
    }

    @Override
    public void beforeCheckpoint(org.crac.Context<? extends Resource> context) {
        steps.add("before checkpoint");
    }

    @Override
    public void afterRestore(org.crac.Context<? extends Resource> context) {
        steps.add("after restore");
    }

    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
        return Map.of("steps", steps, "random", random.nextLong());
    }
}

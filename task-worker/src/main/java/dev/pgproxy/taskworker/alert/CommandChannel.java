package dev.pgproxy.taskworker.alert;

import dev.pgproxy.common.ipc.Alert;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs a program without a shell. It gets the alert in its environment, and no arguments. */
record CommandChannel(Path program) implements AlertChannel {

    @Override
    public String name() {
        return "notify.command";
    }

    @Override
    public void send(Alert alert) throws AlertException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(program.toString())
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        Map<String, String> environment = builder.environment();
        environment.put("PGPROXY_EVENT", alert.kind().label());
        environment.put("PGPROXY_SERVER", alert.server().toString());
        environment.put("PGPROXY_MESSAGE", alert.message());
        environment.put("PGPROXY_HINT", alert.hint());
        environment.put("PGPROXY_TIME", alert.at());
        environment.put("PGPROXY_ALARM", alert.kind().isAlarm() ? "1" : "0");
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new AlertException("it could not be started: " + e.getMessage());
        }
        if (!process.waitFor(TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            throw new AlertException("it did not end within " + TIMEOUT_MS + " ms and was killed");
        }
        if (process.exitValue() != 0) {
            throw new AlertException("it ended with status " + process.exitValue());
        }
    }
}

package dev.pgproxy.taskworker.notice;

import dev.pgproxy.common.ipc.Notice;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs a program, without a shell: what happened is in its environment, and nothing in its arguments. */
record CommandWay(Path program) implements Way {

    @Override
    public String name() {
        return "notify.command";
    }

    @Override
    public void send(Notice notice) throws NoticeException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(program.toString())
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        Map<String, String> environment = builder.environment();
        environment.put("PGPROXY_EVENT", notice.kind().label());
        environment.put("PGPROXY_SERVER", notice.server().toString());
        environment.put("PGPROXY_MESSAGE", notice.message());
        environment.put("PGPROXY_HINT", notice.hint());
        environment.put("PGPROXY_TIME", notice.at());
        environment.put("PGPROXY_ALARM", notice.kind().isAlarm() ? "1" : "0");
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new NoticeException("it could not be started: " + e.getMessage());
        }
        if (!process.waitFor(TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            throw new NoticeException("it did not end within " + TIMEOUT_MS + " ms and was killed");
        }
        if (process.exitValue() != 0) {
            throw new NoticeException("it ended with status " + process.exitValue());
        }
    }
}

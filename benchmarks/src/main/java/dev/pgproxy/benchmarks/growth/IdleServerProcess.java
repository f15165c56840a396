package dev.pgproxy.benchmarks.growth;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** An {@link IdleServer} in a process of its own. */
final class IdleServerProcess implements AutoCloseable {

    private final Process process;
    private final int port;

    /** @throws IOException when it does not start */
    IdleServerProcess(int realPort) throws IOException {
        process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        IdleServer.class.getName(),
                        Integer.toString(realPort)))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader said =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = said.readLine();
        if (line == null || !line.startsWith(IdleServer.LISTENING)) {
            close();
            throw new IOException("the idle server did not start: " + line);
        }
        port = Integer.parseInt(line.substring(IdleServer.LISTENING.length()));
    }

    int port() {
        return port;
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}

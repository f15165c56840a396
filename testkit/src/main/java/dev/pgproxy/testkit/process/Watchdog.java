package dev.pgproxy.testkit.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A small shell that outlives this JVM. It is told of every process and directory that a test creates. When its standard
 * input ends, because the test is over or was killed in any way, it ends the processes and removes the directories.
 */
public final class Watchdog {

    private static final Watchdog INSTANCE = new Watchdog();

    private static final String SCRIPT = """
            trap '' INT TERM HUP
            pids=; dirs=
            while IFS=' ' read -r what value; do
                case $what in
                    pid) pids="$pids $value" ;;
                    dir) dirs="$dirs $value" ;;
                    ended) rest=; for p in $pids; do [ "$p" = "$value" ] || rest="$rest $p"; done; pids=$rest ;;
                esac
            done
            for p in $pids; do kill -KILL "$p" 2>/dev/null; done
            for d in $dirs; do
                for f in "$d"/*/postmaster.pid; do
                    [ -r "$f" ] || continue
                    p=$(head -n 1 "$f")
                    # Not -KILL: a server that is killed leaves its shared memory behind.
                    kill -CONT "$p" 2>/dev/null; kill -QUIT "$p" 2>/dev/null
                    tries=0
                    while kill -0 "$p" 2>/dev/null && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
                done
                tries=0
                while [ -e "$d" ] && [ $tries -lt 50 ]; do
                    rm -rf "$d" 2>/dev/null && break
                    tries=$((tries + 1)); sleep 0.1
                done
            done
            """;

    private final Process shell;
    private final Writer commands;

    private Watchdog() {
        try {
            // A session of its own, so that Ctrl-C in a terminal ends the test and not its watchdog.
            shell = new ProcessBuilder("setsid", "sh", "-c", SCRIPT)
                    .inheritIO()
                    .redirectInput(ProcessBuilder.Redirect.PIPE)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("could not start the watchdog", e);
        }
        commands = shell.outputWriter(StandardCharsets.UTF_8);
        Runtime.getRuntime().addShutdownHook(new Thread(this::finish, "watchdog"));
    }

    /** Has the process killed when this JVM ends. */
    public static void watch(Process process) {
        INSTANCE.tell("pid " + process.pid());
        var unused = process.onExit().thenAccept(ended -> INSTANCE.tell("ended " + ended.pid()));
    }

    /** Has the directory, with the PostgreSQL servers whose data lies directly below it, removed when this JVM ends. */
    public static void watch(Path directory) {
        INSTANCE.tell("dir " + directory);
    }

    private synchronized void tell(String command) {
        try {
            commands.write(command + "\n");
            commands.flush();
        } catch (IOException e) {
            if (shell.isAlive()) {
                throw new UncheckedIOException("the watchdog does not listen", e);
            }
        }
    }

    private void finish() {
        try {
            commands.close();
            shell.waitFor(10, TimeUnit.SECONDS);
        } catch (IOException e) {
            throw new UncheckedIOException("the watchdog cannot be told to finish", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

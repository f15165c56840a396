package dev.pgproxy.master.admin;

import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.master.routing.Dispatcher;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Operators who wait until a paused server is no longer used. Their wait is bounded, and a RESUME ends it for all of them. The
 * {@link Dispatcher} keeps the pause itself, which lasts until a RESUME even if their wait ends before.
 */
final class PauseDesk {

    private static final long CHECK_MS = 20;

    /** A client that was on its way when the pause began may open one more connection, which must be closed when the client leaves. */
    private static final int CHECKS_PER_RECONNECT = 25;

    private record Waiter(Set<Endpoint> servers, long deadlineNs) {}

    private final EventLoop loop;
    private final Dispatcher dispatcher;
    private final Consumer<Set<Endpoint>> reconnect;
    private final Answers answers;
    private final Map<Long, Waiter> waiters = new LinkedHashMap<>();
    private boolean checkPlanned;
    private int checks;

    /** @param reconnect closes the connections to these servers that are no longer used */
    PauseDesk(EventLoop loop, Dispatcher dispatcher, Consumer<Set<Endpoint>> reconnect, Answers answers) {
        this.reconnect = reconnect;
        this.loop = loop;
        this.dispatcher = dispatcher;
        this.answers = answers;
    }

    /** Answers the command when no connection to these servers is left, or with an error that names the users that still have one. */
    void await(long commandId, Set<Endpoint> servers, long timeoutMs) {
        waiters.put(commandId, new Waiter(servers, loop.clock().nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs)));
        List<String> users = dispatcher.usersOf(servers);
        if (!users.isEmpty()) {
            answers.notice(commandId, "PAUSE is in force and waits for " + String.join(", ", users));
        }
        check();
    }

    private void check() {
        long nowNs = loop.clock().nanoTime();
        for (Map.Entry<Long, Waiter> entry : List.copyOf(waiters.entrySet())) {
            Waiter waiter = entry.getValue();
            boolean resumed = waiter.servers().stream().anyMatch(server -> !dispatcher.isPaused(server));
            if (resumed) {
                waiters.remove(entry.getKey());
                answers.failed(
                        entry.getKey(),
                        SqlState.QUERY_CANCELED,
                        "RESUME has ended this PAUSE",
                        "Another session resumed the server.");
            } else if (waiter.servers().stream().allMatch(server -> dispatcher.connections(server) == 0)) {
                waiters.remove(entry.getKey());
                answers.done(entry.getKey(), 0, "");
            } else if (nowNs - waiter.deadlineNs() >= 0) {
                waiters.remove(entry.getKey());
                List<String> users = dispatcher.usersOf(waiter.servers());
                answers.failed(
                        entry.getKey(),
                        SqlState.OBJECT_IN_USE,
                        "PAUSE is in force, but there are still connections: "
                                + (users.isEmpty() ? "some that are being closed" : String.join(", ", users)),
                        "SELECT * FROM connection shows them, DELETE FROM connection WHERE ... ends them; PAUSE again to wait,"
                                + " or RESUME.");
            }
        }
        if (!waiters.isEmpty() && !checkPlanned) {
            checkPlanned = true;
            if (++checks % CHECKS_PER_RECONNECT == 0) {
                waiters.values().forEach(waiter -> reconnect.accept(waiter.servers()));
            }
            loop.scheduler().afterMs(CHECK_MS, () -> {
                checkPlanned = false;
                check();
            });
        }
    }

    /** The operator no longer waits for the answer. */
    void abandon(long commandId) {
        waiters.remove(commandId);
    }

    void abandonAll() {
        waiters.clear();
    }
}

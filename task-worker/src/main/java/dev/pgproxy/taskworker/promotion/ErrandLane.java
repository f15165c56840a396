package dev.pgproxy.taskworker.promotion;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.ProbeMessages;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Runs errands on servers, one at a time, on a thread of its own. */
public final class ErrandLane {

    /** Errands that wait; the master requests one or two at a time. */
    private static final int MAX_WAITING = 64;

    private final ThreadPoolExecutor executor =
            new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_WAITING), task -> {
                Thread thread = new Thread(task, "errand");
                thread.setDaemon(true);
                return thread;
            });

    /** @param answer called on this lane's thread, or at once when too many wait */
    public void ask(
            ProxyConfig.AdminLogin login, ProbeMessages.RunErrand request, Consumer<ProbeMessages.ErrandDone> answer) {
        try {
            executor.execute(() -> answer.accept(ErrandRun.answer(login, request)));
        } catch (RejectedExecutionException e) {
            answer.accept(
                    ProbeMessages.ErrandDone.notDone(request.requestId(), "too many errands on servers wait already"));
        }
    }
}

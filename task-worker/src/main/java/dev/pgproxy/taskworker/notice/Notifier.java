package dev.pgproxy.taskworker.notice;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Notice;
import dev.pgproxy.common.log.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** Tells people in every way that is configured, and tries again where that fails. */
public final class Notifier {

    private static final int TRIES = 6;
    private static final long FIRST_PAUSE_MS = 500;

    private final List<Way> ways;
    private final List<ExecutorService> lanes;

    /** Each way has a thread of its own: one that does not work holds up no other. */
    public Notifier(ProxyConfig.Notices notices) {
        List<Way> configured = new ArrayList<>();
        notices.command().ifPresent(program -> configured.add(new CommandWay(program)));
        notices.webhook().ifPresent(url -> configured.add(new WebhookWay(url)));
        notices.mail().ifPresent(mail -> configured.add(new MailWay(mail)));
        ways = List.copyOf(configured);
        lanes = ways.stream().map(Notifier::lane).toList();
    }

    /** The master has a bound on how many notices wait. */
    private static ExecutorService lane(Way way) {
        return Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, way.name());
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Tells, with pauses that double between tries; in each way one notice after the other. A way that does not work is given up after a
     * minute and a half.
     *
     * @param whenDone run when every way has worked or was given up, on any thread
     */
    public void send(Notice notice, Runnable whenDone) {
        AtomicInteger left = new AtomicInteger(ways.size());
        if (ways.isEmpty()) {
            whenDone.run();
        }
        for (int i = 0; i < ways.size(); i++) {
            Way way = ways.get(i);
            lanes.get(i).execute(() -> {
                try {
                    send(way, notice);
                    if (left.decrementAndGet() == 0) {
                        whenDone.run();
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt(); // The master keeps it for the next task-worker.
                }
            });
        }
    }

    /** Takes no more notices; sends those that it has. */
    public void close() {
        lanes.forEach(ExecutorService::shutdown);
    }

    private static void send(Way way, Notice notice) throws InterruptedException {
        long pauseMs = FIRST_PAUSE_MS;
        for (int left = TRIES - 1; !tried(way, notice, left); left--) {
            Thread.sleep(pauseMs);
            pauseMs *= 2;
        }
    }

    /** @return whether it was done, or given up */
    private static boolean tried(Way way, Notice notice, int triesLeft) throws InterruptedException {
        try {
            way.send(notice);
            Event.of("notice_sent")
                    .with("notice", notice.kind().label())
                    .with("server", notice.server())
                    .with("by", way.name())
                    .info();
            return true;
        } catch (Way.NoticeException e) {
            Event event = Event.of("notice_failed")
                    .with("notice", notice.kind().label())
                    .with("server", notice.server())
                    .with("by", way.name())
                    .with("tries_left", triesLeft)
                    .message(String.valueOf(e.getMessage()));
            if (triesLeft > 0) {
                event.warn();
                return false;
            }
            event.hint("Nobody was told in this way. Correct it, and try it with pgproxy-master --test-notice.")
                    .error();
            return true;
        }
    }

    /**
     * Tells once in each way.
     *
     * @return what became of it, a line for each way
     */
    public List<String> test(Notice notice) throws InterruptedException {
        List<String> results = new ArrayList<>();
        for (Way way : ways) {
            try {
                way.send(notice);
                results.add(way.name() + ": " + SENT);
            } catch (Way.NoticeException e) {
                results.add(way.name() + ": failed: " + e.getMessage());
            }
        }
        return results;
    }

    /** How a line of {@link #test} ends that tells of no problem. */
    public static final String SENT = "sent";
}

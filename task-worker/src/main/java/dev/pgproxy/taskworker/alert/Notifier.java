package dev.pgproxy.taskworker.alert;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.log.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** Sends alerts through every configured channel, and tries again where that fails. */
public final class Notifier {

    private static final int TRIES = 6;
    private static final long FIRST_PAUSE_MS = 500;

    private final List<AlertChannel> channels;
    private final List<ExecutorService> lanes;

    /** Each channel has a thread of its own, so that one that does not work holds up no other. */
    public Notifier(ProxyConfig.Alerts alerts) {
        List<AlertChannel> configured = new ArrayList<>();
        alerts.command().ifPresent(program -> configured.add(new CommandChannel(program)));
        alerts.webhook().ifPresent(url -> configured.add(new WebhookChannel(url)));
        alerts.mail().ifPresent(mail -> configured.add(new MailChannel(mail)));
        channels = List.copyOf(configured);
        lanes = channels.stream().map(Notifier::lane).toList();
    }

    /** Needs no bound of its own: the master limits how many alerts wait. */
    private static ExecutorService lane(AlertChannel channel) {
        return Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, channel.name());
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Sends an alert, with pauses that double between attempts. Each channel sends one alert at a time. A channel that does not work is
     * given up after 76 seconds at most.
     *
     * @param whenDone run on any thread, once every channel has sent the alert or was given up
     */
    public void send(Alert alert, Runnable whenDone) {
        AtomicInteger left = new AtomicInteger(channels.size());
        if (channels.isEmpty()) {
            whenDone.run();
        }
        for (int i = 0; i < channels.size(); i++) {
            AlertChannel channel = channels.get(i);
            lanes.get(i).execute(() -> {
                try {
                    send(channel, alert);
                    if (left.decrementAndGet() == 0) {
                        whenDone.run();
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt(); // The master keeps it for the next task-worker.
                }
            });
        }
    }

    /** Takes no more alerts; sends those that it has. */
    public void close() {
        lanes.forEach(ExecutorService::shutdown);
    }

    private static void send(AlertChannel channel, Alert alert) throws InterruptedException {
        long pauseMs = FIRST_PAUSE_MS;
        for (int left = TRIES - 1; !tried(channel, alert, left); left--) {
            Thread.sleep(pauseMs);
            pauseMs *= 2;
        }
    }

    /** @return whether it was sent or given up */
    private static boolean tried(AlertChannel channel, Alert alert, int triesLeft) throws InterruptedException {
        try {
            channel.send(alert);
            Event.of("alert_sent")
                    .with("alert", alert.kind().label())
                    .with("server", alert.server())
                    .with("by", channel.name())
                    .info();
            return true;
        } catch (AlertChannel.AlertException e) {
            Event event = Event.of("alert_failed")
                    .with("alert", alert.kind().label())
                    .with("server", alert.server())
                    .with("by", channel.name())
                    .with("tries_left", triesLeft)
                    .message(String.valueOf(e.getMessage()));
            if (triesLeft > 0) {
                event.warn();
                return false;
            }
            event.hint("This alert did not get through. Fix the channel, and try it with pgproxy-master --test-alert.")
                    .error();
            return true;
        }
    }

    /**
     * Sends an alert once through each channel.
     *
     * @return the results, a line for each channel
     */
    public List<String> test(Alert alert) throws InterruptedException {
        List<String> results = new ArrayList<>();
        for (AlertChannel channel : channels) {
            try {
                channel.send(alert);
                results.add(channel.name() + ": " + SENT);
            } catch (AlertChannel.AlertException e) {
                results.add(channel.name() + ": failed: " + e.getMessage());
            }
        }
        return results;
    }

    /** How a line of {@link #test} that reports success ends. */
    public static final String SENT = "sent";
}

package dev.pgproxy.common.loop;

/** Where an {@link EventLoop} waits: epoll in a real process, the schedule of a seed in a simulation. */
public interface Poller {

    /**
     * Waits until a transport is ready, {@link #wakeUp} is called or the timeout expires, and calls the handlers of what is ready.
     *
     * @param timeoutNs longest wait, in nanoseconds; 0 does not wait, negative waits indefinitely
     * @return how long it waited, in nanoseconds, without the time that the handlers took
     */
    long poll(long timeoutNs);

    /** Ends a {@link #poll} that is under way, or the next one, early. The only call that other threads may make. */
    void wakeUp();
}

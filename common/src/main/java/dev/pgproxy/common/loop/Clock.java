package dev.pgproxy.common.loop;

/** Time as the code may see it, so that a simulation can supply its own. */
@FunctionalInterface
public interface Clock {

    /**
     * Monotonic time in nanoseconds from an arbitrary origin. Compare by subtraction: {@code nowNs - deadlineNs >= 0}.
     */
    long nanoTime();
}

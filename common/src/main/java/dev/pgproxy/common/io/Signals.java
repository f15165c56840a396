package dev.pgproxy.common.io;

import java.lang.reflect.Proxy;

/**
 * Signals of the process. Handlers run on a thread of the JVM; they hand over to the loop.
 *
 * <p>The JDK offers signals only in sun.misc, and every mention of that is a warning that cannot be suppressed. It is called by reflection,
 * so that the build can fail on all other warnings.
 */
public final class Signals {

    private Signals() {}

    /** @param name without SIG, such as TERM */
    public static void handle(String name, Runnable handler) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> signalHandler = Class.forName("sun.misc.SignalHandler");
            Object proxy = Proxy.newProxyInstance(
                    Signals.class.getClassLoader(), new Class<?>[] {signalHandler}, (self, method, arguments) -> {
                        handler.run();
                        return Void.TYPE;
                    });
            signal.getMethod("handle", signal, signalHandler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot handle SIG" + name + " on this JVM", e);
        }
    }

    /** Makes the signal do nothing. */
    public static void ignore(String name) {
        handle(name, () -> {});
    }
}

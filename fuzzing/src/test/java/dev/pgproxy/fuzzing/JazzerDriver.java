package dev.pgproxy.fuzzing;

/** Jazzer's entry point; {@code scripts/fuzz} names the target in {@code fuzz.target}. */
public final class JazzerDriver {

    private static final Target TARGET = Target.of(System.getProperty("fuzz.target", "startup-packet"));

    private JazzerDriver() {}

    /** Called by Jazzer for each input. */
    public static void fuzzerTestOneInput(byte[] input) {
        TARGET.run(input);
    }
}

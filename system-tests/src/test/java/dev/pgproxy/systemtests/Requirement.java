package dev.pgproxy.systemtests;

import dev.pgproxy.testkit.process.Programs;
import org.junit.jupiter.api.Assumptions;

/** What a test needs of the machine. Where it is missing, the test is skipped, and says why. */
final class Requirement {

    private Requirement() {}

    static void program(String name) {
        boolean there = Programs.isInstalled(name);
        if (!there) {
            System.out.println("SKIPPED: " + name + " is not installed");
        }
        Assumptions.assumeTrue(there, name + " is not installed");
    }
}

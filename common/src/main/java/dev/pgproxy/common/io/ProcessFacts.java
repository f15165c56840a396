package dev.pgproxy.common.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel tells about a process of ours, from /proc. */
public final class ProcessFacts {

    /** The field of /proc/PID/statm with the resident pages. */
    private static final int RESIDENT_FIELD = 1;

    private static final int PAGE_BYTES = 4096;

    private ProcessFacts() {}

    /** Memory that the process holds (resident set), in bytes; -1 when it is gone. */
    public static long residentBytes(long pid) {
        try {
            String[] fields =
                    Files.readString(Path.of("/proc/" + pid + "/statm")).split(" ", RESIDENT_FIELD + 2);
            return Long.parseLong(fields[RESIDENT_FIELD]) * PAGE_BYTES;
        } catch (IOException | NumberFormatException e) {
            return -1;
        }
    }

    /** Descriptors that the process has open; -1 when it is gone. */
    public static int openDescriptors(long pid) {
        String[] names = Path.of("/proc/" + pid + "/fd").toFile().list();
        return names == null ? -1 : names.length;
    }
}

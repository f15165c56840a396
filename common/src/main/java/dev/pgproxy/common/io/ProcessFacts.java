package dev.pgproxy.common.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the kernel reports about one of our processes, from /proc. */
public final class ProcessFacts {

    private static final Pattern RESIDENT = Pattern.compile("(?m)^VmRSS:\\s+(\\d+) kB$");
    private static final int KIB = 1024;

    private ProcessFacts() {}

    /** Memory that the process holds (resident set), in bytes; -1 when it is gone. */
    public static long residentBytes(long pid) {
        try {
            Matcher matcher = RESIDENT.matcher(Files.readString(Path.of("/proc/" + pid + "/status")));
            return matcher.find() ? Long.parseLong(matcher.group(1)) * KIB : -1;
        } catch (IOException e) {
            return -1;
        }
    }

    /** Descriptors that the process has open; -1 when it is gone. */
    public static int openDescriptors(long pid) {
        String[] names = Path.of("/proc/" + pid + "/fd").toFile().list();
        return names == null ? -1 : names.length;
    }
}

package dev.pgproxy.common.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a process sets for itself once at its start. */
public final class ProcessTuning {

    private static final int COMM_BYTES = 15; // TASK_COMM_LEN less the terminator

    private static final int LOW_PRIORITY = 10;

    private ProcessTuning() {}

    /** Sets the name of the process in {@code ps} and {@code top}; longer names are cut to 15 bytes, the kernel's limit. */
    public static void setProcessName(String name) {
        String comm = name.length() > COMM_BYTES ? name.substring(0, COMM_BYTES) : name;
        // The process's name is that of its first thread, which in a JVM is not the one that runs main.
        long pid = ProcessHandle.current().pid();
        try {
            Files.write(Path.of("/proc/self/task/" + pid + "/comm"), comm.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            // It matters only for ps: a kernel without /proc is no reason not to serve.
            return;
        }
    }

    /**
     * Raises the limit of open descriptors to the hard limit; children inherit it.
     *
     * @return the limit in force afterwards
     * @throws IOException when the limit cannot be read or set
     */
    public static long raiseDescriptorLimit() throws IOException {
        ByteBuffer limits = Libc.allocate(2 * Long.BYTES);
        if (Libc.getrlimit(Libc.RLIMIT_NOFILE, Libc.address(limits)) != 0) {
            throw LibcException.last("could not read the limit of open files");
        }
        long hard = limits.getLong(Long.BYTES);
        limits.putLong(0, hard);
        if (Libc.setrlimit(Libc.RLIMIT_NOFILE, Libc.address(limits)) != 0) {
            throw LibcException.last("could not raise the limit of open files to " + hard);
        }
        return hard;
    }

    /**
     * Gives other processes the processor first. Must be called before threads are started, which inherit it; JVM threads that
     * already run keep their priority.
     */
    public static void yieldToOthers() {
        Libc.setpriority(Libc.PRIO_PROCESS, 0, LOW_PRIORITY);
    }

    /** The user id that this process runs as. */
    public static int userId() {
        return Libc.getuid();
    }
}

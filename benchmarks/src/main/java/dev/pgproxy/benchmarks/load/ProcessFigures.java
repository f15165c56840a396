package dev.pgproxy.benchmarks.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** What the kernel counts of a set of processes (proc_pid_stat(5), proc_pid_smaps_rollup(5)). A process that has ended counts nothing. */
public final class ProcessFigures {

    /** The unit of times in /proc, fixed for user space on Linux. */
    private static final double TICKS_PER_SECOND = 100;

    /** After the process's name, which may contain spaces and parentheses: utime, stime, cutime and cstime are fields 14 to 17. */
    private static final int FIRST_TIME = 14 - 3;

    private static final int TIMES = 4;

    private ProcessFigures() {}

    /** Seconds of CPU that the processes, and the children that they have waited for, have used so far. */
    public static double cpuSeconds(List<ProcessHandle> processes) {
        return processes.stream().mapToDouble(ProcessFigures::cpuSeconds).sum();
    }

    private static double cpuSeconds(ProcessHandle process) {
        String stat = read(process, "stat");
        if (stat.isEmpty()) {
            return 0;
        }
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        double ticks = 0;
        for (int i = 0; i < TIMES; i++) {
            ticks += Double.parseDouble(fields[FIRST_TIME + i]);
        }
        return ticks / TICKS_PER_SECOND;
    }

    /** Memory of the processes in KiB; what several processes share counts in equal parts (PSS). */
    public static double pssKib(List<ProcessHandle> processes) {
        return processes.stream().mapToDouble(ProcessFigures::pssKib).sum();
    }

    private static double pssKib(ProcessHandle process) {
        return read(process, "smaps_rollup")
                .lines()
                .filter(line -> line.startsWith("Pss:"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")))
                .sum();
    }

    private static String read(ProcessHandle process, String file) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), file));
        } catch (NoSuchFileException e) {
            return "";
        } catch (IOException e) {
            if (!process.isAlive()) {
                return "";
            }
            throw new UncheckedIOException(
                    "process " + process.pid() + " cannot be measured; run the benchmark as its user or as root", e);
        }
    }
}

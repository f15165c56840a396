package dev.pgproxy.systemtests;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs a task for many inputs at once. */
final class Parallel {

    /** This many tasks run at the same time. */
    static final int THREADS = 32;

    private Parallel() {}

    /** What is done for one input. */
    interface Task<T> {
        void run(T input) throws Exception;
    }

    /** Runs the task for every input, and then throws for the first one that failed. */
    static <T> void run(List<T> inputs, Task<T> task) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Callable<Void>> calls = new ArrayList<>();
            for (T input : inputs) {
                calls.add(() -> {
                    task.run(input);
                    return null;
                });
            }
            for (Future<Void> result : threads.invokeAll(calls)) {
                result.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }
}

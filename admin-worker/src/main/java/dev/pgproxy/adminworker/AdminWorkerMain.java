package dev.pgproxy.adminworker;

import dev.pgproxy.common.child.ChildProcess;
import dev.pgproxy.common.io.ProcessTuning;
import dev.pgproxy.common.ipc.ChildKind;

/** Starts the admin-worker. Run by the master only. */
public final class AdminWorkerMain {

    private AdminWorkerMain() {}

    public static void main(String[] arguments) {
        // Monitoring must not slow down the pool.
        ProcessTuning.yieldToOthers();
        System.exit(ChildProcess.run(ChildKind.ADMIN, arguments, AdminWorker::new));
    }
}

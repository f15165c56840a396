package dev.pgproxy.taskworker;

import dev.pgproxy.common.child.ChildProcess;
import dev.pgproxy.common.ipc.ChildKind;

/** Starts the task-worker; only the master runs this. */
public final class TaskWorkerMain {

    private TaskWorkerMain() {}

    public static void main(String[] arguments) {
        System.exit(ChildProcess.run(ChildKind.TASK, arguments, TaskWorker::new));
    }
}

package dev.pgproxy.taskworker;

import dev.pgproxy.common.child.ChildOptions;
import dev.pgproxy.common.child.ChildProcess;
import dev.pgproxy.common.ipc.ChildKind;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** Starts the task-worker; only the master runs this. */
@CommandLine.Command(name = "pgproxy-task-worker", description = "A worker of pgproxy. Started by pgproxy-master only.")
public final class TaskWorkerMain implements Callable<Integer> {

    @CommandLine.Mixin
    private ChildOptions options = new ChildOptions();

    private TaskWorkerMain() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new TaskWorkerMain()).execute(arguments));
    }

    @Override
    public Integer call() {
        return ChildProcess.run(ChildKind.TASK, options, TaskWorker::new);
    }
}

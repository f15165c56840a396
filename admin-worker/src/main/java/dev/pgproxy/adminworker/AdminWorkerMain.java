package dev.pgproxy.adminworker;

import dev.pgproxy.common.child.ChildOptions;
import dev.pgproxy.common.child.ChildProcess;
import dev.pgproxy.common.io.ProcessTuning;
import dev.pgproxy.common.ipc.ChildKind;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** Starts the admin-worker. Run by the master only. */
@CommandLine.Command(
        name = "pgproxy-admin-worker",
        description = "A worker of pgproxy. Started by pgproxy-master only.")
public final class AdminWorkerMain implements Callable<Integer> {

    @CommandLine.Mixin
    private ChildOptions options = new ChildOptions();

    private AdminWorkerMain() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new AdminWorkerMain()).execute(arguments));
    }

    @Override
    public Integer call() {
        // Monitoring must not slow down the pool.
        ProcessTuning.yieldToOthers();
        return ChildProcess.run(ChildKind.ADMIN, options, AdminWorker::new);
    }
}

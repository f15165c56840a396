package dev.pgproxy.poolworker;

import dev.pgproxy.common.child.ChildProcess;
import dev.pgproxy.common.child.ChildRole;
import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.poolworker.backend.ServerConnector;
import dev.pgproxy.poolworker.login.SecretSource;
import java.security.SecureRandom;

/** Starts a pool-worker; only the master does. */
public final class PoolWorkerMain {

    /** The period over which averages per second are taken. */
    private static final long AVERAGES_PERIOD_MS = 60_000;

    private PoolWorkerMain() {}

    public static void main(String[] arguments) {
        System.exit(ChildProcess.run(ChildKind.POOL, arguments, PoolWorkerMain::wire));
    }

    private static ChildRole wire(ChildProcess process) {
        PoolWorker worker = new PoolWorker(
                process.loop(),
                descriptor -> SocketTransport.of(descriptor, process.poller()),
                new ServerConnector(process.loop(), process.poller()),
                new ChannelLink(process.channel()),
                secrets(),
                new ThreadedBackground(process.loop()),
                (int) ProcessHandle.current().pid());
        process.loop().scheduler().everyMs(AVERAGES_PERIOD_MS, worker::endPeriod);
        return new PoolWorkerRole(worker);
    }

    private static SecretSource secrets() {
        SecureRandom random = new SecureRandom();
        return bytes -> {
            byte[] secret = new byte[bytes];
            random.nextBytes(secret);
            return secret;
        };
    }
}

package dev.pgproxy.master;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.AdminSettings;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.SettingsMessages;
import dev.pgproxy.common.ipc.TaskSettings;
import dev.pgproxy.common.ipc.UpkeepMessages;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Sends each worker its part of the configuration in force, as its first messages. */
final class WorkerSettings implements WorkerRegistry.Listener {

    private final Supplier<ProxyConfig> config;
    private final String version;
    private final LongSupplier readersWaitMs;

    /**
     * @param config the configuration in force
     * @param version of pgproxy
     * @param readersWaitMs how long read-only users of pg_proxy are still kept out
     */
    WorkerSettings(Supplier<ProxyConfig> config, String version, LongSupplier readersWaitMs) {
        this.config = config;
        this.version = version;
        this.readersWaitMs = readersWaitMs;
    }

    @Override
    public void workerReady(Worker worker) {
        worker.send(new UpkeepMessages.SetLogLevel(config.get().logging().level()));
        worker.send(settings(worker));
    }

    private ControlMessage settings(Worker worker) {
        return switch (worker.kind()) {
            case POOL -> new SettingsMessages.ConfigurePool(pool(config.get()));
            case TASK -> new SettingsMessages.ConfigureTasks(tasks(config.get()));
            case ADMIN -> new SettingsMessages.ConfigureAdmin(admin(config.get()));
        };
    }

    private static TaskSettings tasks(ProxyConfig config) {
        return new TaskSettings(
                config.adminLogin(),
                config.auth().verifierFile().map(Path::toString).orElse(""),
                config.alerts());
    }

    private AdminSettings admin(ProxyConfig config) {
        return new AdminSettings(
                config.adminDatabase(), config.timeouts().clientLogin().toMillis(), version, readersWaitMs.getAsLong());
    }

    private static PoolSettings pool(ProxyConfig config) {
        ProxyConfig.Timeouts timeouts = config.timeouts();
        return new PoolSettings(
                config.receiveBytes(),
                timeouts.idleConnection().toMillis(),
                timeouts.serverLifetime().toMillis(),
                timeouts.serverConnect().toMillis(),
                timeouts.serverReset().toMillis(),
                timeouts.activeConnection().toMillis(),
                timeouts.idleTransaction().toMillis(),
                config.poolIgnoreParameters(),
                config.failover().moveSessions(),
                config.logging().connections(),
                config.logging().disconnections(),
                config.tuning());
    }
}

package dev.pgproxy.master.worker;

import dev.pgproxy.common.ipc.ControlMessage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The workers that can be given work now. There is one for the whole master; who needs to know of those that come and go listens. */
public final class WorkerRegistry {

    /** Hears of workers, in the order in which the listeners were added. */
    public interface Listener {
        /** The worker can be given work. */
        default void workerReady(Worker worker) {}

        /** The worker is gone, and all that it had said was heard. */
        default void workerGone(Worker worker) {}
    }

    private final List<Listener> listeners = new ArrayList<>();
    private final List<Worker> poolWorkers = new ArrayList<>();
    private @Nullable Worker taskWorker;
    private @Nullable Worker adminWorker;

    public void listen(Listener listener) {
        listeners.add(listener);
    }

    /** A worker comes. */
    public void ready(Worker worker) {
        switch (worker.kind()) {
            case POOL -> poolWorkers.add(worker);
            case TASK -> taskWorker = worker;
            case ADMIN -> adminWorker = worker;
        }
        listeners.forEach(listener -> listener.workerReady(worker));
    }

    /** A worker goes. */
    public void gone(Worker worker) {
        switch (worker.kind()) {
            case POOL -> poolWorkers.remove(worker);
            case TASK -> taskWorker = null;
            case ADMIN -> adminWorker = null;
        }
        listeners.forEach(listener -> listener.workerGone(worker));
    }

    /** All that there are. */
    public List<Worker> all() {
        List<Worker> all = new ArrayList<>(poolWorkers);
        if (taskWorker != null) {
            all.add(taskWorker);
        }
        if (adminWorker != null) {
            all.add(adminWorker);
        }
        return all;
    }

    /** Those that serve clients. */
    public List<Worker> poolWorkers() {
        return List.copyOf(poolWorkers);
    }

    /** The one in this slot that serves clients; null when there is none now. */
    public @Nullable Worker poolWorker(int slot) {
        for (Worker worker : poolWorkers) {
            if (worker.slot() == slot) {
                return worker;
            }
        }
        return null;
    }

    /** Null when there is none now. */
    public @Nullable Worker taskWorker() {
        return taskWorker;
    }

    /** Null when there is none now. */
    public @Nullable Worker adminWorker() {
        return adminWorker;
    }

    /** Tells all that serve clients. */
    public void toPoolWorkers(ControlMessage message) {
        poolWorkers.forEach(worker -> worker.send(message));
    }

    /** Tells the task-worker, if there is one now; otherwise the caller waits for {@link Listener#workerReady}. */
    public void toTaskWorker(ControlMessage message) {
        if (taskWorker != null) {
            taskWorker.send(message);
        }
    }

    /** Tells the admin-worker, if there is one now. */
    public void toAdminWorker(ControlMessage message) {
        if (adminWorker != null) {
            adminWorker.send(message);
        }
    }
}

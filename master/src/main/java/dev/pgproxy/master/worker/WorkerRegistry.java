package dev.pgproxy.master.worker;

import dev.pgproxy.common.ipc.ControlMessage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The workers that can be given work now. The master has one registry; parts that need to know when workers start or end listen to it. */
public final class WorkerRegistry {

    /** Notified of workers, in the order in which the listeners were added. */
    public interface Listener {
        /** The worker can be given work. */
        default void workerReady(Worker worker) {}

        /** The worker is gone, and all its messages have been handled. */
        default void workerGone(Worker worker) {}
    }

    private final List<Listener> listeners = new ArrayList<>();
    private final List<Worker> poolWorkers = new ArrayList<>();
    private @Nullable Worker taskWorker;
    private @Nullable Worker adminWorker;

    public void listen(Listener listener) {
        listeners.add(listener);
    }

    /** Adds a worker. */
    public void ready(Worker worker) {
        switch (worker.kind()) {
            case POOL -> poolWorkers.add(worker);
            case TASK -> taskWorker = worker;
            case ADMIN -> adminWorker = worker;
        }
        listeners.forEach(listener -> listener.workerReady(worker));
    }

    /** Removes a worker. */
    public void gone(Worker worker) {
        switch (worker.kind()) {
            case POOL -> poolWorkers.remove(worker);
            case TASK -> taskWorker = null;
            case ADMIN -> adminWorker = null;
        }
        listeners.forEach(listener -> listener.workerGone(worker));
    }

    /** All current workers. */
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

    /** The pool-workers. */
    public List<Worker> poolWorkers() {
        return List.copyOf(poolWorkers);
    }

    /** The pool-worker in this slot; null when there is none now. */
    public @Nullable Worker poolWorker(int slot) {
        for (Worker worker : poolWorkers) {
            if (worker.slot() == slot) {
                return worker;
            }
        }
        return null;
    }

    /** The task-worker; null when there is none now. */
    public @Nullable Worker taskWorker() {
        return taskWorker;
    }

    /** The admin-worker; null when there is none now. */
    public @Nullable Worker adminWorker() {
        return adminWorker;
    }

    /** Sends to all pool-workers. */
    public void toPoolWorkers(ControlMessage message) {
        poolWorkers.forEach(worker -> worker.send(message));
    }

    /**
     * Handles at once all that the pool-workers have sent until now.
     *
     * @return false when that was not possible, because one of these messages is being handled or there are too many
     */
    public boolean hearPoolWorkers() {
        boolean heardAll = true;
        for (Worker worker : poolWorkers()) {
            heardAll &= worker.hear();
        }
        return heardAll;
    }

    /** Sends to the task-worker, if there is one now; otherwise the caller waits for {@link Listener#workerReady}. */
    public void toTaskWorker(ControlMessage message) {
        if (taskWorker != null) {
            taskWorker.send(message);
        }
    }

    /** Sends to the admin-worker, if there is one now. */
    public void toAdminWorker(ControlMessage message) {
        if (adminWorker != null) {
            adminWorker.send(message);
        }
    }
}

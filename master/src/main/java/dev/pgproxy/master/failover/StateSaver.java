package dev.pgproxy.master.failover;

import dev.pgproxy.common.files.FileProblem;
import dev.pgproxy.common.loop.EventLoop;
import java.io.IOException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Saves the failover state off the loop's thread, since a disk can hang, and reports the result on the loop. */
final class StateSaver implements AutoCloseable {

    private static final String TOO_SLOW = "the disk does not answer, and too much waits for it already";

    private final EventLoop loop;
    private final StateStore store;
    private final Background background;
    private final Consumer<Action.Save> saved;
    private final BiConsumer<Action.Save, String> notSaved;
    private boolean closed;

    /** @param notSaved also receives the problem */
    StateSaver(
            EventLoop loop,
            StateStore store,
            Background background,
            Consumer<Action.Save> saved,
            BiConsumer<Action.Save, String> notSaved) {
        this.loop = loop;
        this.store = store;
        this.background = background;
        this.saved = saved;
        this.notSaved = notSaved;
    }

    void save(Action.Save save) {
        if (closed) {
            return;
        }
        boolean accepted = background.run(() -> {
            try {
                store.write(save.state());
                onLoop(() -> saved.accept(save));
            } catch (IOException e) {
                onLoop(() -> notSaved.accept(save, FileProblem.words(e)));
            }
        });
        if (!accepted) {
            notSaved.accept(save, TOO_SLOW);
        }
    }

    private void onLoop(Runnable task) {
        try {
            loop.post(() -> {
                if (!closed) {
                    task.run();
                }
            });
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Reports nothing from now on. */
    @Override
    public void close() {
        closed = true;
        background.close();
    }
}

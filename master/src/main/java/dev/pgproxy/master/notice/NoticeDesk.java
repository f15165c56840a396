package dev.pgproxy.master.notice;

import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.Notice;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.master.supervisor.Recipient;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Keeps notices until the task-worker has sent them; one that dies meanwhile leaves them to the next, so that some may come twice. */
public final class NoticeDesk {

    /** Notices that wait; the log has them all. */
    static final int MAX_WAITING = 100;

    private final Map<Long, Notice> waiting = new LinkedHashMap<>();
    private @Nullable Recipient taskWorker;
    private long nextId = 1;

    /** Takes a notice to be sent. */
    public void submit(Notice notice) {
        if (waiting.size() >= MAX_WAITING) {
            Event.of("notice_dropped")
                    .with("notice", notice.kind().label())
                    .message(MAX_WAITING + " notices wait to be sent already")
                    .hint("The task-worker's log says why they cannot be sent.")
                    .error();
            return;
        }
        long id = nextId++;
        waiting.put(id, notice);
        if (taskWorker != null) {
            taskWorker.send(new ControlMessage.SendNotice(id, notice));
        }
    }

    public void taskWorkerReady(Recipient worker) {
        taskWorker = worker;
        waiting.forEach((id, notice) -> worker.send(new ControlMessage.SendNotice(id, notice)));
    }

    public void taskWorkerGone() {
        taskWorker = null;
    }

    /** A notice was sent, or all tries failed. */
    public void onSent(ControlMessage.NoticeSent message) {
        waiting.remove(message.noticeId());
    }
}

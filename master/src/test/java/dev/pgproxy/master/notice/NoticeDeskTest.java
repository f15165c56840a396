package dev.pgproxy.master.notice;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.Notice;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class NoticeDeskTest {

    private static final ServerAddress SERVER = new ServerAddress("server", 5432);

    private final NoticeDesk desk = new NoticeDesk();
    private final List<ControlMessage> sent = new ArrayList<>();

    private void submit(int count) {
        for (int i = 0; i < count; i++) {
            desk.submit(new Notice(Notice.Kind.STANDBY_OUT, SERVER, "notice " + i, "", "2026-01-01T00:00:00Z"));
        }
    }

    private List<String> texts() {
        return sent.stream()
                .map(message -> ((ControlMessage.SendNotice) message).notice().message())
                .toList();
    }

    @Test
    void keepsTheFirstWhenNobodySendsThem() {
        submit(NoticeDesk.MAX_WAITING + 10);
        desk.taskWorkerReady(sent::add);
        assertEquals(NoticeDesk.MAX_WAITING, sent.size());
        assertEquals("notice 0", texts().get(0));
    }

    @Test
    void hasRoomAgainForEachThatWasSent() {
        desk.taskWorkerReady(sent::add);
        submit(NoticeDesk.MAX_WAITING + 1);
        assertEquals(NoticeDesk.MAX_WAITING, sent.size());
        desk.onSent(new ControlMessage.NoticeSent(((ControlMessage.SendNotice) sent.get(0)).noticeId()));
        submit(2);
        assertEquals(NoticeDesk.MAX_WAITING + 1, sent.size());
    }

    @Test
    void asksTheNextTaskWorkerForWhatTheLastOneDidNotSend() {
        desk.taskWorkerReady(sent::add);
        submit(2);
        desk.onSent(new ControlMessage.NoticeSent(((ControlMessage.SendNotice) sent.get(0)).noticeId()));
        desk.taskWorkerGone();
        sent.clear();
        desk.taskWorkerReady(sent::add);
        assertEquals(List.of("notice 1"), texts());
    }
}

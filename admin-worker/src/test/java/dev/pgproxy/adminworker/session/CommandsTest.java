package dev.pgproxy.adminworker.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.OperatorCommand;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class CommandsTest {

    private final List<ControlMessage> toMaster = new ArrayList<>();
    private final Commands commands = new Commands(toMaster::add);
    private final List<String> heard = new ArrayList<>();

    private final class Listening implements Commands.ReplyListener {
        @Override
        public void notice(String message) {
            heard.add("notice " + message);
        }

        @Override
        public void done(int count, String message) {
            heard.add("done " + count + " " + message);
        }

        @Override
        public void failed(SqlProblem problem) {
            heard.add("failed " + problem.sqlState() + " " + problem.getMessage());
        }
    }

    private static CommandMessages.CommandDone done(long id, String sqlState, String message) {
        return new CommandMessages.CommandDone(id, sqlState, 2, message, "");
    }

    @Test
    void theListenerHearsNoticesAndTheEndOnce() {
        long id = commands.run(OperatorCommand.PAUSE, "db:5432", new Listening());
        assertEquals(List.of(new CommandMessages.RunCommand(id, OperatorCommand.PAUSE, "db:5432")), toMaster);
        commands.onNotice(new CommandMessages.CommandNotice(id, "it waits"));
        commands.onDone(done(id, "", "well"));
        commands.onDone(done(id, "", "again"));
        commands.onNotice(new CommandMessages.CommandNotice(id, "late"));
        assertEquals(List.of("notice it waits", "done 2 well"), heard);
    }

    @Test
    void eachListenerHearsOfItsOwnCommand() {
        commands.run(OperatorCommand.RELOAD, "", new Listening());
        long second = commands.run(OperatorCommand.PAUSE, "", new Listening());
        commands.onDone(done(second, "55006", "in use"));
        assertEquals(List.of("failed 55006 in use"), heard);
    }

    @Test
    void anAbandonedCommandIsToldToTheMasterOnceAndItsAnswerToNobody() {
        long id = commands.run(OperatorCommand.PAUSE, "", new Listening());
        commands.abandon(id);
        commands.abandon(id);
        commands.onDone(done(id, "", ""));
        assertEquals(List.of(), heard);
        assertEquals(2, toMaster.size());
        assertEquals(new CommandMessages.AbandonCommand(id), toMaster.get(1));
    }

    @Test
    void manyConnectionsAreNamedInPieces() {
        List<Long> keys = Collections.nCopies(3 * 1_001, 7L);
        long id = commands.end(keys, new Listening());
        List<CommandMessages.EndConnections> sent = toMaster.stream()
                .map(CommandMessages.EndConnections.class::cast)
                .toList();
        assertEquals(3, sent.size());
        assertEquals(
                keys.size(),
                sent.stream().mapToInt(message -> message.keys().size()).sum());
        assertFalse(sent.get(1).last());
        assertTrue(sent.get(2).last());
        assertTrue(sent.stream().allMatch(message -> message.commandId() == id));
    }

    @Test
    void noConnectionsAreACommandToo() {
        commands.end(List.of(), new Listening());
        assertEquals(1, toMaster.size());
    }
}

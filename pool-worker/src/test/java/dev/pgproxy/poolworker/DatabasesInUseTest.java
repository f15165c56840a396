package dev.pgproxy.poolworker;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One backend to the database shop is idle. */
class DatabasesInUseTest {

    private static final byte[] IN_USE =
            error("SERROR", "VERROR", "C55006", "Mdatabase \"shop\" is being accessed by other users", "Fdbcommands.c");

    private final PlayedServers servers = new PlayedServers();
    private final LoneWorker lone = new LoneWorker(servers);

    @BeforeEach
    void aBackendIsIdle() {
        lone.logIn(1, servers).leave();
        servers.last().isAsNew();
    }

    private static byte[] error(String... fields) {
        byte[] body = (String.join("\0", fields) + "\0\0").getBytes(StandardCharsets.US_ASCII);
        return BackendMessage.wrap(BackendMessage.ERROR_RESPONSE, body);
    }

    private void giveUp(Endpoint server, String words, boolean isWaiting) {
        lone.worker.backends().onGiveUpIdle(new BackendMessages.GiveUpIdle(server, words, isWaiting));
    }

    private int closing() {
        return lone.master.heard(BackendMessages.BackendClosing.class).size();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "database \"shop\" is being accessed by other users",
                "Datenbank »shop« wird von anderen Benutzern verwendet",
                "la base de données « shop » n'est pas « shop»: »shop«"
            })
    void whatAServerSaysInAnyLanguageNamesTheDatabase(String words) {
        giveUp(LoneWorker.SERVER, words, false);
        assertEquals(1, closing());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"database \"shopping\" is in use", "database \"my_shop\" is in use", "shop", "the shop is open"})
    void anotherNameIsNotThisOne(String words) {
        giveUp(LoneWorker.SERVER, words, false);
        assertEquals(0, closing());
    }

    @Test
    void aCommandThatWaitsNamesItItself() {
        giveUp(LoneWorker.SERVER, "sho", true);
        giveUp(new Endpoint.Tcp("another", 5432), "shop", true);
        assertEquals(0, closing());
        giveUp(LoneWorker.SERVER, "shop", true);
        assertEquals(1, closing());
    }

    @Test
    void allWorkersHearOfItAndNotTooOften() {
        LoneWorker.Frontend client = new LoneWorker.Frontend();
        lone.assign(2, client);
        lone.findRoles();
        lone.passMs(1);
        servers.last().heard();
        List<BackendMessages.ObjectInUse> told = lone.master.heard(BackendMessages.ObjectInUse.class);
        assertEquals(List.of(), told);
        for (int time = 0; time < 2; time++) {
            client.say(FrontendMessage.query("drop database shop"));
            servers.last().say(IN_USE, BackendMessage.readyForQueryIdle());
        }
        told = lone.master.heard(BackendMessages.ObjectInUse.class);
        assertEquals(1, told.size());
        assertEquals(LoneWorker.SERVER, told.get(0).server());
        lone.passMs(100);
        client.say(FrontendMessage.query("drop database shop"));
        servers.last().say(IN_USE, BackendMessage.readyForQueryIdle());
        assertEquals(2, lone.master.heard(BackendMessages.ObjectInUse.class).size());
    }
}

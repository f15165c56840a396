package dev.pgproxy.common.child;

import dev.pgproxy.common.channel.Link;
import dev.pgproxy.common.channel.PermittedMessages;
import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.UpkeepMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.LogLine;
import dev.pgproxy.common.log.LogSetup;
import dev.pgproxy.common.loop.EventLoop;
import org.jspecify.annotations.Nullable;

/** A child's side of its link: the greeting, what every child answers in the same way, and the rest, which is for its {@link ChildRole}. */
public final class ChildConversation implements Link.Listener, UpkeepMessages.AtChild {

    /** Log lines that are sent to the master with each answer to a ping; the rest wait for the next one. */
    private static final int EVENTS_PER_PING = 50;

    /** A longer line is truncated for the table of events; the log has all of it. */
    private static final int MAX_EVENT_CHARS = 2_000;

    private final ChildKind kind;
    private final EventLoop loop;
    private @Nullable Link link;
    private @Nullable ChildRole role;
    private boolean isWelcome;

    public ChildConversation(ChildKind kind, EventLoop loop) {
        this.kind = kind;
        this.loop = loop;
    }

    /**
     * Sends the Hello.
     *
     * @param over a link whose listener this is, and whose peer may only send a Welcome
     * @param slot the number of the child among its kind
     * @param pid of this process
     */
    public void begin(Link over, Protocol protocol, int slot, long pid) {
        link = over;
        over.send(protocol.hello(kind, slot, pid));
    }

    /** Sets the role, which does the child's own work; to be called before any message is delivered. */
    public void role(ChildRole newRole) {
        role = newRole;
    }

    @Override
    public void onMessage(ControlMessage message) {
        if (message instanceof UpkeepMessages.Welcome welcome) {
            isWelcome = true;
            link().agree(welcome.version(), PermittedMessages.to(kind));
        } else if (message instanceof ControlMessage.ToEveryChild common) {
            common.dispatchTo(this);
        } else {
            role().onMessage(message);
        }
    }

    @Override
    public void onClosed(String reason, boolean brokenHere) {
        if (brokenHere) {
            // The master is alive and will serve our clients elsewhere: continuing would serve them twice.
            throw new IllegalStateException("the control channel broke: " + reason);
        }
        if (!isWelcome) {
            Event.of("child_refused")
                    .message("the master ended the connection without a welcome; its log says why")
                    .error();
        }
        role().masterLost(reason);
    }

    @Override
    public void onPing(UpkeepMessages.Ping message) {
        link().send(new UpkeepMessages.Pong(message.sequence(), loop.takeLongestDelayNs(), role().containedFaults()));
        for (LogLine line : LogSetup.journal().take(EVENTS_PER_PING)) {
            String text = line.text();
            link().send(new UpkeepMessages.EventNoted(
                    line.atMicros(), line.level(), text.substring(0, Math.min(text.length(), MAX_EVENT_CHARS))));
        }
    }

    @Override
    public void onShutdown(UpkeepMessages.Shutdown message) {
        role().shutDown(message.graceMs());
    }

    @Override
    public void onReopenLogs(UpkeepMessages.ReopenLogs message) {
        LogSetup.reopen();
    }

    @Override
    public void onSetLogLevel(UpkeepMessages.SetLogLevel message) {
        LogSetup.level(message.level());
    }

    private Link link() {
        if (link == null) {
            throw new IllegalStateException("a message before the child said hello");
        }
        return link;
    }

    private ChildRole role() {
        if (role == null) {
            throw new IllegalStateException("a message before the child was wired");
        }
        return role;
    }
}

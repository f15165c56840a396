package dev.pgproxy.poolworker;

import dev.pgproxy.common.channel.ControlChannel;
import dev.pgproxy.common.ipc.ControlMessage;

/** The link to the master over the control channel. */
record ChannelLink(ControlChannel channel) implements MasterLink {

    @Override
    public void send(ControlMessage.ToMaster message) {
        channel.send(message);
    }

    @Override
    public void sendAtOnce(ControlMessage.ToMaster message) {
        channel.sendAtOnce(message);
    }

    @Override
    public boolean hasRoom() {
        return channel.hasRoom();
    }

    @Override
    public void send(ControlMessage.ToMaster message, Runnable whenWritten) {
        channel.send(message, whenWritten);
    }
}

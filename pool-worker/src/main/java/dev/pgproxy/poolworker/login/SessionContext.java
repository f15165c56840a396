package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.poolworker.relay.RelayBuffers;

/** What all sessions of a worker share. */
public record SessionContext(
        EventLoop loop, RelayBuffers buffers, LingeringClose lingering, SecretSource secrets, Background background) {}

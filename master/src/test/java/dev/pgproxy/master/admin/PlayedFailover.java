package dev.pgproxy.master.admin;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.master.failover.SwitchoverDesk;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A failover that only notes which switchovers are wanted; the test refuses them. */
final class PlayedFailover implements SwitchoverDesk.Failover {

    /** The targets, in the order in which they were asked for. */
    final List<Endpoint> wanted = new ArrayList<>();

    /** Takes the reason why the last one is refused. */
    Consumer<String> refused = problem -> {};

    @Override
    public void switchover(Endpoint target, BooleanSupplier isWanted, Consumer<String> ifRefused) {
        wanted.add(target);
        refused = ifRefused;
    }

    @Override
    public void quiesced() {}

    @Override
    public String callOff(String problem) {
        return "";
    }
}

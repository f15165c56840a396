package dev.pgproxy.poolworker.bad;

import java.util.HashMap;

/** State that belongs to nobody. */
public final class CountsInStatics {
    static final HashMap<String, String> SESSIONS = new HashMap<>();

    private CountsInStatics() {}
}

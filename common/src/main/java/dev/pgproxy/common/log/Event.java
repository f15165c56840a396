package dev.pgproxy.common.log;

import org.tinylog.Logger;

/**
 * One line of the log: a name and keys with values, in the order given, such as
 * {@code event=child_exit kind=pool slot=2 pid=812 status=137}. Values that hold a space, a quote or a control character are
 * quoted and escaped, so that a client's text can never forge a line.
 */
public final class Event {

    private final StringBuilder line;
    private boolean silent;

    private Event(String name) {
        line = new StringBuilder("event=").append(name);
    }

    /** @param name what happened, in lower case with underscores; stable, since operators search for it */
    public static Event of(String name) {
        return new Event(name);
    }

    public Event with(String key, Object value) {
        line.append(' ').append(key).append('=');
        String text = value.toString();
        if (isPlain(text)) {
            line.append(text);
        } else {
            quote(text);
        }
        return this;
    }

    /** Logs it only when the throttle lets it pass; the next line that passes says how many were suppressed. */
    public Event limitedBy(EventThrottle throttle, long nowNs) {
        silent = !throttle.allows(nowNs);
        long suppressed = silent ? 0 : throttle.takeSuppressed();
        return suppressed > 0 ? with("suppressed", suppressed) : this;
    }

    /** What happened or why, for people. */
    public Event message(String text) {
        return with("message", text);
    }

    /** What an operator can do about it. */
    public Event hint(String text) {
        return with("hint", text);
    }

    private static boolean isPlain(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=');
    }

    private void quote(String text) {
        line.append('"');
        text.codePoints().forEach(c -> {
            if (c == '"' || c == '\\') {
                line.append('\\').appendCodePoint(c);
            } else if (Character.isISOControl(c) || c == 0x2028 || c == 0x2029) {
                line.append(String.format("\\u%04x", c));
            } else {
                line.appendCodePoint(c);
            }
        });
        line.append('"');
    }

    public void debug() {
        if (!silent) {
            Logger.debug(line);
        }
    }

    public void info() {
        if (!silent) {
            Logger.info(line);
        }
    }

    public void warn() {
        if (!silent) {
            Logger.warn(line);
        }
    }

    public void error() {
        if (!silent) {
            Logger.error(line);
        }
    }

    public void error(Throwable cause) {
        if (!silent) {
            Logger.error(cause, line.toString());
        }
    }

    @Override
    public String toString() {
        return line.toString();
    }
}

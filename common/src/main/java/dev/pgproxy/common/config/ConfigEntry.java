package dev.pgproxy.common.config;

/**
 * One key of the configuration as it is in force.
 *
 * @param value as the file has it, or the default
 * @param defaultValue what an absent key means; empty for none
 * @param line where the key stands in the file, from 1; 0 when it does not
 * @param isReloadable whether a reload changes it; {@code master} and {@code promote} only where they name the server that is the primary
 * @param isSecret whether it is a password, or as good as one
 */
public record ConfigEntry(
        String key, String value, String defaultValue, int line, boolean isReloadable, boolean isSecret) {

    private static final String MASK = "********";

    /** The value for people to see; of a password only whether there is one. */
    public String shownValue() {
        return shown(value);
    }

    /** The default for people to see. */
    public String shownDefault() {
        return shown(defaultValue);
    }

    /** Whether it is a password that the file has. */
    boolean isSecretThatIsSet() {
        return isSecret && line > 0 && !value.isEmpty();
    }

    private String shown(String text) {
        return isSecret && !text.isEmpty() ? MASK : text;
    }

    @Override
    public String toString() {
        return key + " = " + shownValue();
    }
}

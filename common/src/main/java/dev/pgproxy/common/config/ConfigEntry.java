package dev.pgproxy.common.config;

/**
 * One key of the configuration in force.
 *
 * @param value as the file has it, or the default
 * @param defaultValue what an absent key means; empty for none
 * @param line the key's line in the file, from 1; 0 when the file does not have it
 * @param effect what a change of it needs
 * @param isSecret whether it is a password, or as good as one
 */
public record ConfigEntry(
        String key, String value, String defaultValue, int line, Setting.Effect effect, boolean isSecret) {

    private static final String MASK = "********";

    /** Whether a reload can change it. */
    public boolean isReloadable() {
        return effect != Setting.Effect.RESTART;
    }

    /** The value for display; of a password, only whether there is one. */
    public String shownValue() {
        return shown(value);
    }

    /** The default for display. */
    public String shownDefault() {
        return shown(defaultValue);
    }

    /** Whether it is a secret that the file sets. */
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

package dev.pgproxy.taskworker.alert;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Alert;
import jakarta.mail.Authenticator;
import jakarta.mail.Message;
import jakarta.mail.MessagingException;
import jakarta.mail.PasswordAuthentication;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Properties;

/** Sends mail over SMTP, encrypted wherever the server supports it (STARTTLS, or TLS from the first byte on port 465). */
record MailChannel(ProxyConfig.Mail mail) implements AlertChannel {

    private static final int TLS_PORT = 465;

    @Override
    public String name() {
        return "notify.mail";
    }

    @Override
    public void send(Alert alert) throws AlertException {
        try {
            Session session = Session.getInstance(properties(), new Authenticator() {
                @Override
                protected PasswordAuthentication getPasswordAuthentication() {
                    return new PasswordAuthentication(mail.user(), mail.password());
                }
            });
            MimeMessage message = new MimeMessage(session);
            message.setFrom(new InternetAddress(mail.from()));
            for (String to : mail.to()) {
                message.addRecipient(Message.RecipientType.TO, new InternetAddress(to));
            }
            message.setSubject(
                    "pgproxy: " + alert.kind().label() + " " + alert.server(), StandardCharsets.UTF_8.name());
            message.setText(text(alert), StandardCharsets.UTF_8.name());
            message.setHeader(
                    "Date",
                    DateTimeFormatter.RFC_1123_DATE_TIME.format(
                            Instant.parse(alert.at()).atOffset(ZoneOffset.UTC)));
            Transport.send(message);
        } catch (MessagingException e) {
            throw new AlertException(e.toString());
        }
    }

    private Properties properties() {
        String timeout = Integer.toString(TIMEOUT_MS);
        Properties properties = new Properties();
        properties.setProperty("mail.smtp.host", mail.host());
        properties.setProperty("mail.smtp.port", Integer.toString(mail.port()));
        properties.setProperty("mail.smtp.connectiontimeout", timeout);
        properties.setProperty("mail.smtp.timeout", timeout);
        properties.setProperty("mail.smtp.writetimeout", timeout);
        properties.setProperty("mail.smtp.auth", Boolean.toString(!mail.user().isEmpty()));
        properties.setProperty("mail.smtp.starttls.enable", "true");
        // A password is sent encrypted or not at all.
        properties.setProperty(
                "mail.smtp.starttls.required", Boolean.toString(!mail.user().isEmpty() && mail.port() != TLS_PORT));
        properties.setProperty("mail.smtp.ssl.enable", Boolean.toString(mail.port() == TLS_PORT));
        properties.setProperty("mail.smtp.ssl.checkserveridentity", "true");
        return properties;
    }

    private static String text(Alert alert) {
        return alert.server() + ": " + alert.message() + "\n\n" + alert.hint() + "\n\n" + alert.at() + " UTC\n";
    }
}

package io.millrace.purge.erasure;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.hibernate.annotations.Immutable;

/** That an erasure was seen carried out. Rows are written once. */
@Entity
@Immutable
@Table(name = "purge_outcome")
class Outcome {

    @Id
    UUID erasure;
    /** Of the delete; 0 where there was nothing to erase. */
    long version;
    @Column(name = "seen_at")
    Instant seenAt;
}

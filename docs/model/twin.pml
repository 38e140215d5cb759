/*
 * The link, twins, and claiming again on the same producer: what log_writer.pml
 * leaves out.
 *
 * Every record has an id of its own and carries prev, the id of the last valid
 * record as its writer saw it. A twin is a process that holds another one's claim
 * for its own: a copy of the process (restored or forked, with its window), or one
 * that drew the same nonce.
 *
 * A slot is what one process does with one claim: record 0 is the Claim, the
 * others are Entries. An id is slot * J + number. A copy gets a slot of its own,
 * so twins' records differ, unless they decide alike: then it is one id, twice.
 * The nonce of a slot is the number of the slot that drew it first.
 *
 * There is no producer here, only what holds of any: whatever is on its way may
 * land at any time and in any order, never, or twice, reported or not, before and
 * after its owner has dropped it and claimed again. (A producer that is kept, a new
 * one, and one that twins share, where the broker takes the twin's record for a
 * repeat, all do less.) An owner may give up at any time: a failed or unproved
 * delivery, no read-back in time, a crash. It claims again, and its older claims
 * and entries are still on their way.
 *
 * The state of the partition is told by the last valid entry (vB): an entry is
 * decided on one state only. Sequence s decides command s.
 *
 * The log is kept as in log_writer.pml: what an owner has still to read, and the
 * fold of all of it. Every run ends: "no dead end" is an assertion on the last state.
 */
#ifndef OWNERS
#define OWNERS 2
#endif
#ifndef K
#define K 2                         /* commands */
#endif
#ifndef CLAIMS
#define CLAIMS 2                    /* claim attempts before calm; one more after */
#endif
#ifndef TWINS
#define TWINS 1                     /* times that a process becomes a twin */
#endif
#ifndef DOUBLES
#define DOUBLES 1                   /* records that land twice */
#endif
#ifndef J
#define J       (1 + K)             /* records of a slot */
#endif
#define WINDOW  2
#define NN      (CLAIMS + 1 + TWINS)
#define R       (NN * J)
#define NONE    255
#define MAXLOG  20

#define IDLE     0
#define CLAIMING 1
#define OWNER    2

#define SLOT(r)      ((r) / J)
#define BIT(r)       (1 << ((r) % J))
#define IS_CLAIM(r)  ((r) % J == 0)

/* ---- rules that a mutant replaces ---- */
#ifdef VAR_CLAIM_GE
#define CLAIM_OK(r, E)  (ep[SLOT(r)] >= (E))
#else
#define CLAIM_OK(r, E)  (ep[SLOT(r)] == (E) + 1)
#endif
#ifdef VAR_V_NO_EPOCH
#define EPOCH_OK(r, E)  1
#else
#define EPOCH_OK(r, E)  (ep[SLOT(r)] == (E))
#endif
#ifdef VAR_V_NO_SEQUENCE
#define SEQUENCE_OK(r, S)  1
#else
#define SEQUENCE_OK(r, S)  (rs[r] == (S) + 1)
#endif
#ifdef MUT_V_NO_LINK
#define LINK_OK(r, L)  1
#else
#define LINK_OK(r, L)  (rp[r] == (L))
#endif
#define VALID(r, E, S, L)  ((IS_CLAIM(r) && CLAIM_OK(r, E)) || \
    (!IS_CLAIM(r) && EPOCH_OK(r, E) && SEQUENCE_OK(r, S) && LINK_OK(r, L)))

/* ---- invariants (always 1; a violated one is named in the assertion) ---- */
bool AckedValid = 1, DenseSequence = 1, DecidedOnFold = 1;
bool Agreement = 1, NoDeadEnd = 1, Bounds = 1;

/* ---- slots and their records; bit j of a mask = record j of the slot ---- */
byte nn, claims;                    /* slots, claim attempts */
byte ep[NN], non[NN], cnt[NN];      /* epoch, nonce, number of the next record */
byte fl[NN], late[NN];              /* on its way; a second copy on its way */
byte lg[NN];                        /* in the part of the log that is kept */
byte old[NN];                       /* of fl, what was on its way when calm began: it may be lost */
byte rs[R], rp[R], rb[R];           /* sequence, prev, (ghost) state decided on */

/* ---- the log: what some owner has still to read, and the fold of all of it ---- */
byte log[MAXLOG], tip;
byte vE, vS, vL = NONE, vB = NONE;
int vm;                             /* bit i: log[i] is valid */

/* ---- owners ---- */
byte mode[OWNERS], my[OWNERS];      /* my: the slot */
byte pos[OWNERS], E[OWNERS], S[OWNERS], L[OWNERS], B[OWNERS];   /* the tail's fold; also the local store */
byte xS[OWNERS], xL[OWNERS], xB[OWNERS];                        /* speculative */
byte wn[OWNERS], win[2 * OWNERS];                               /* the window: own records not read back */

byte twins = TWINS, doubles = DOUBLES;
byte calm;                          /* 0, or 1 + the single stable assignee */
#ifdef VAR_ANY_OWN_NONCE
byte drawn[OWNERS];                 /* nonces that the process drew, or its image */
#endif
#ifdef MUT_STATE_AT_CLAIM_WRITE
byte wB[OWNERS];
#endif
#ifdef MUT_KEEP_SPECULATION
bool kept[OWNERS]; byte kB[OWNERS];
#endif

hidden byte a, i, m, o, q, r, u;    /* scratch, used inside one step only */
hidden byte ok, used;

#define FRONT(o)         win[2 * (o)]
#define SECOND(o)        win[2 * (o) + 1]
#define IN_WINDOW(o, r)  ((wn[o] > 0 && FRONT(o) == (r)) || (wn[o] > 1 && SECOND(o) == (r)))

/* V: one step of the fold */
inline fold(r_, e_, s_, l_, b_, ok_)
{
    if
    :: VALID(r_, e_, s_, l_) ->
        if :: IS_CLAIM(r_) -> e_ = ep[SLOT(r_)] :: else -> s_ = rs[r_]; b_ = r_ fi;
        l_ = r_; ok_ = 1
    :: else -> ok_ = 0
    fi
}

#ifdef VAR_ANY_OWN_NONCE              /* also an older attempt's */
#define OWN_CLAIM(o, r)  (drawn[o] & (1 << non[SLOT(r)]))
#elif defined(VAR_NO_NONCE)           /* any of the epoch that I asked for */
#define OWN_CLAIM(o, r)  (ep[SLOT(r)] == ep[my[o]])
#else
#define OWN_CLAIM(o, r)  (non[SLOT(r)] == non[my[o]])
#endif
#ifdef MUT_OWN_BY_EPOCH_SEQUENCE
#define OWN_ENTRY(o, r)  (wn[o] > 0 && ep[SLOT(r)] == ep[my[o]] && rs[r] == xS[o] - wn[o] + 1)
#else
#define OWN_ENTRY(o, r)  (wn[o] > 0 && (r) == FRONT(o))
#endif

/* does owner o do anything but fold when it reads record r? */
#define COUNTS(o, r)   VALID(r, E[o], S[o], L[o])
#define MATTERS(o, r)  ((mode[o] == CLAIMING && IS_CLAIM(r) && COUNTS(o, r)) || \
    (mode[o] == OWNER && (COUNTS(o, r) || IN_WINDOW(o, r))))

/* A record that can never count again, because E and S never go back. Nobody does anything on reading
   it: who has it in his window reads before it what took its place, and is fenced. So it is dropped
   (some fifty times fewer states); not where a mutant changes what counts. */
#if defined(VAR_CLAIM_GE) || defined(VAR_V_NO_EPOCH) || defined(VAR_V_NO_SEQUENCE) || defined(MUT_V_NO_LINK)
#define KEEP_DEAD
#endif
#define DEAD(r)  (ep[SLOT(r)] < vE + IS_CLAIM(r) || \
    (!IS_CLAIM(r) && ep[SLOT(r)] == vE && (rs[r] <= vS || (rs[r] == vS + 1 && rp[r] != vL))))

/* everyone folds up to what matters to him; then forget what nobody needs */
inline settle()
{
    m = tip; o = 0;
    do
    :: o < OWNERS ->
        do
        :: pos[o] < tip ->
            if
            :: MATTERS(o, log[pos[o]]) -> break
            :: else -> fold(log[pos[o]], E[o], S[o], L[o], B[o], ok); pos[o]++
            fi
        :: else -> break
        od;
        if
        :: pos[o] == tip ->             /* a reader that goes on from a stored position = one from the start */
            Agreement = E[o] == vE && S[o] == vS && L[o] == vL && B[o] == vB; assert(Agreement)
        :: else
        fi;
        if :: pos[o] < m -> m = pos[o] :: else fi;
        o++
    :: else -> break
    od;
    o = 0; do :: o < OWNERS -> pos[o] = pos[o] - m; o++ :: else -> break od;
    i = 0; do :: i < NN -> lg[i] = 0; i++ :: else -> break od;
    vm = vm >> m; q = m;
    do
    :: q < tip -> r = log[q]; log[q - m] = r; lg[SLOT(r)] = lg[SLOT(r)] | BIT(r); q++
    :: else -> break
    od;
    tip = tip - m; q = tip;
    do :: q < tip + m -> log[q] = 0; q++ :: else -> break od;
    r = 0;
    do
    :: r < R ->
#ifndef KEEP_DEAD
        if
        :: DEAD(r) -> fl[SLOT(r)] = fl[SLOT(r)] & ~BIT(r); late[SLOT(r)] = late[SLOT(r)] & ~BIT(r)
        :: else
        fi;
#endif
        if
        :: !((fl[SLOT(r)] | late[SLOT(r)] | lg[SLOT(r)]) & BIT(r)) -> rs[r] = 0; rp[r] = 0; rb[r] = 0
        :: else
        fi; r++
    :: else -> break
    od;
    i = 0;                                                  /* slots that are over */
    do
    :: i < nn ->
        old[i] = old[i] & fl[i]; used = fl[i] | late[i] | lg[i]; o = 0;
        do
        :: o < OWNERS -> if :: mode[o] != IDLE && my[o] == i -> used = 1 :: else fi; o++
        :: else -> break
        od;
        if :: !used -> ep[i] = 0; non[i] = 0; cnt[i] = 0 :: else fi; i++
    :: else -> break
    od;
    m = 0; r = 0; q = 0; i = 0; o = 0; used = 0; ok = 0
}

/* a record lands: append it, and check it if it is valid */
inline append(r_)
{
    a = r_;
    Bounds = tip < MAXLOG; assert(Bounds);
    if
    :: VALID(a, vE, vS, vL) && !IS_CLAIM(a) ->
        DenseSequence = rs[a] == vS + 1; assert(DenseSequence);
        DecidedOnFold = rb[a] == vB; assert(DecidedOnFold)
    :: else
    fi;
    fold(a, vE, vS, vL, vB, ok);
    vm = vm | (ok << tip);
    log[tip] = a; tip++; a = 0;
    settle()
}

/* ---- what is on its way. Before calm, lost is what never lands; what is sent in calm
   lands, and in order ---- */
#define FLYING(m, j)   ((m) & (1 << (j)))
#define WITHOUT(m, j)  ((m) & ~(1 << (j)))
#ifdef ORDER                          /* a producer that keeps order */
#define IN_TURN(j)     ((fl[n] & ((1 << (j)) - 1)) == 0)
#else
#define IN_TURN(j)     (!calm || FLYING(old[n], j) || (fl[n] & ((1 << (j)) - 1)) == 0)
#endif

inline deliver(j)
{
    if
    :: d_step { FLYING(fl[n], j) && IN_TURN(j) -> fl[n] = WITHOUT(fl[n], j); append(n * J + j) }
    :: d_step { FLYING(fl[n], j) && IN_TURN(j) && !FLYING(late[n], j) && doubles > 0 && !calm ->
           doubles--; fl[n] = WITHOUT(fl[n], j); late[n] = late[n] | (1 << j); append(n * J + j) }
    :: d_step { FLYING(old[n], j) && FLYING(fl[n], j) -> fl[n] = WITHOUT(fl[n], j); settle() }  /* lost */
    :: d_step { FLYING(late[n], j) -> late[n] = WITHOUT(late[n], j); append(n * J + j) }
    fi
}

proctype Network(byte n)
{
end: do
    :: deliver(0)
    :: deliver(1)
#if J > 2
    :: deliver(2)
#endif
#if J > 3
    :: deliver(3)
#endif
#if J > 4
    :: deliver(4)
#endif
#if J > 5
    :: deliver(5)
#endif
    od
}

inline keep_old()
{
    i = 0; do :: i < NN -> old[i] = fl[i]; i++ :: else -> break od; i = 0
}

/* ---- an owner ---- */
inline into_window(r_)
{
    win[2 * me + wn[me]] = r_; wn[me]++;
    xS[me]++; xL[me] = r_; xB[me] = r_
}
inline out_of_window()
{
    FRONT(me) = SECOND(me); SECOND(me) = 0; wn[me]--
}

inline produce()
{
    u = my[me] * J + cnt[my[me]];
    rs[u] = xS[me] + 1; rp[u] = xL[me]; rb[u] = xB[me];
    fl[SLOT(u)] = fl[SLOT(u)] | BIT(u);
    cnt[my[me]]++;
    into_window(u); u = 0
}

/* decides as a twin has decided: the same bytes, the same id, once more on its way */
inline produce_alike()
{
    u = 0;
    do
    :: u < R && !IS_CLAIM(u) && ep[SLOT(u)] == ep[my[me]] && SLOT(u) != my[me] && !IN_WINDOW(me, u) &&
           rs[u] == xS[me] + 1 && rp[u] == xL[me] -> break
    :: u < R && (IS_CLAIM(u) || ep[SLOT(u)] != ep[my[me]] || SLOT(u) == my[me] || IN_WINDOW(me, u) ||
           rs[u] != xS[me] + 1 || rp[u] != xL[me]) -> u++
    :: u >= R -> break
    od;
    if
    :: u < R ->
        if
        :: fl[SLOT(u)] & BIT(u) -> late[SLOT(u)] = late[SLOT(u)] | BIT(u)
        :: else -> fl[SLOT(u)] = fl[SLOT(u)] | BIT(u)
        fi;
        into_window(u)
    :: else
    fi;
    u = 0
}

#ifdef MUT_RETRY_IN_EPOCH             /* what is speculative is dropped, the epoch kept */
inline rewind()
{
    xS[me] = S[me]; xL[me] = L[me]; xB[me] = B[me]; wn[me] = 0; FRONT(me) = 0; SECOND(me) = 0
}
#endif

/* fenced, given up or crashed: what is speculative is dropped */
inline stop()
{
#ifdef MUT_KEEP_SPECULATION
    if :: mode[me] == OWNER -> kept[me] = 1; kB[me] = xB[me] :: else fi;
#endif
#ifdef MUT_POSITION_WITHOUT_LINK
    L[me] = NONE;
#endif
    mode[me] = IDLE; my[me] = 0; xS[me] = 0; xL[me] = 0; xB[me] = 0;
    wn[me] = 0; FRONT(me) = 0; SECOND(me) = 0
}

inline become_owner()
{
    mode[me] = OWNER;
    xS[me] = S[me]; xL[me] = L[me]; xB[me] = B[me];
#ifdef MUT_STATE_AT_CLAIM_WRITE
    xB[me] = wB[me];
#endif
#ifdef MUT_KEEP_SPECULATION
    if :: kept[me] -> xB[me] = kB[me]; kept[me] = 0; kB[me] = 0 :: else fi;
#endif
}

inline write_claim()
{
    my[me] = nn; nn++; claims++;
    ep[my[me]] = E[me] + 1; cnt[my[me]] = 1; fl[my[me]] = 1; non[my[me]] = my[me];
    mode[me] = CLAIMING;
#ifdef MUT_STATE_AT_CLAIM_WRITE
    wB[me] = B[me];
#endif
#ifdef VAR_ANY_OWN_NONCE
    drawn[me] = drawn[me] | (1 << my[me]);
#endif
}

/* the image of process o_ runs once more, as me */
inline fork(o_)
{
    my[me] = nn; nn++; twins--;
    ep[my[me]] = ep[my[o_]]; non[my[me]] = non[my[o_]]; cnt[my[me]] = 1;
    mode[me] = mode[o_];
    pos[me] = pos[o_]; E[me] = E[o_]; S[me] = S[o_]; L[me] = L[o_]; B[me] = B[o_];
    xS[me] = xS[o_]; xL[me] = xL[o_]; xB[me] = xB[o_];
    wn[me] = wn[o_]; FRONT(me) = FRONT(o_); SECOND(me) = SECOND(o_);
#ifdef VAR_ANY_OWN_NONCE
    drawn[me] = drawn[o_];
#endif
#ifdef MUT_STATE_AT_CLAIM_WRITE
    wB[me] = wB[o_];
#endif
#ifdef MUT_KEEP_SPECULATION
    kept[me] = kept[o_]; kB[me] = kB[o_];
#endif
    settle()
}

/* calm: no claim and no second copy is on its way */
#define SETTLED1(n)  (late[n] == 0 && !(fl[n] & 1))
#if NN == 2
#define SETTLED  (SETTLED1(0) && SETTLED1(1))
#elif NN == 3
#define SETTLED  (SETTLED1(0) && SETTLED1(1) && SETTLED1(2))
#elif NN == 4
#define SETTLED  (SETTLED1(0) && SETTLED1(1) && SETTLED1(2) && SETTLED1(3))
#elif NN == 5
#define SETTLED  (SETTLED1(0) && SETTLED1(1) && SETTLED1(2) && SETTLED1(3) && SETTLED1(4))
#endif
/* the first claim is process 0's: the processes are alike */
#define MAY_CLAIM  (mode[me] == IDLE && (nn > 0 || me == 0 || calm) && \
    ((!calm && claims < CLAIMS) || (calm == me + 1 && claims <= CLAIMS && SETTLED)))
#define MAY_DECIDE  (mode[me] == OWNER && xS[me] < K && wn[me] < WINDOW)
#define ANYWHERE(r)  ((fl[SLOT(r)] | late[SLOT(r)] | lg[SLOT(r)]) & BIT(r))
/* calm: who waits for what will never come gives up in the end */
#define IN_VAIN  ((mode[me] == CLAIMING && !ANYWHERE(my[me] * J) && !ANYWHERE(non[my[me]] * J)) || \
    (mode[me] == OWNER && wn[me] > 0 && !ANYWHERE(FRONT(me))))
#define MAY_TWIN(o_)  (mode[me] == IDLE && me != (o_) && mode[o_] != IDLE && twins > 0 && !calm)

proctype Owner(byte me)
{
end: do
    /* at the end of the log: the claim; the nonce may be drawn by two */
    :: d_step { MAY_CLAIM -> write_claim() }
#if TWINS > 0
    :: d_step { MAY_CLAIM && MAY_TWIN(0) -> write_claim(); non[my[me]] = non[my[0]]; twins-- }
    :: d_step { MAY_CLAIM && MAY_TWIN(1) -> write_claim(); non[my[me]] = non[my[1]]; twins-- }
    :: d_step { MAY_TWIN(0) -> fork(0) }
    :: d_step { MAY_TWIN(1) -> fork(1) }
#if OWNERS > 2
    :: d_step { MAY_CLAIM && MAY_TWIN(2) -> write_claim(); non[my[me]] = non[my[2]]; twins-- }
    :: d_step { MAY_TWIN(2) -> fork(2) }
#endif
#endif

    /* a valid claim is read: the own one, or somebody else was first */
    :: d_step { mode[me] == CLAIMING && pos[me] < tip ->
           r = log[pos[me]]; fold(r, E[me], S[me], L[me], B[me], ok); pos[me]++;
           if :: OWN_CLAIM(me, r) -> become_owner() :: else -> stop() fi;
           settle() }

    /* decide the next command on the speculative state, go on without waiting */
    :: d_step { MAY_DECIDE && cnt[my[me]] < J -> produce() }
#if TWINS > 0 && !defined(MUT_RETRY_IN_EPOCH)    /* with retries there would be no end of copies */
    :: d_step { MAY_DECIDE && twins == 0 && !calm -> produce_alike() }
#endif

    /* tail */
    :: d_step { mode[me] == OWNER && pos[me] < tip ->
           q = pos[me]; r = log[q]; u = OWN_ENTRY(me, r);
           fold(r, E[me], S[me], L[me], B[me], ok); pos[me]++;
           if
           :: !IS_CLAIM(r) && ok && u ->                    /* read back: the client is answered */
               AckedValid = r == FRONT(me) && ((vm >> q) & 1); assert(AckedValid);
               out_of_window()
#ifdef MUT_RETRY_IN_EPOCH
           :: !IS_CLAIM(r) && !(ok && u) -> rewind()
           :: IS_CLAIM(r) -> stop()
#else
           :: else -> stop()            /* a claim; a valid entry that is not mine; mine, not valid */
#endif
           fi;
           u = 0; settle() }

    /* give up: failed, unproved, overdue, crashed */
    :: d_step { mode[me] != IDLE && !calm -> stop(); settle() }
    :: d_step { calm && IN_VAIN -> stop(); settle() }
#ifdef MUT_RETRY_IN_EPOCH
    :: d_step { mode[me] == OWNER && wn[me] > 0 && !calm -> rewind() }
#endif
    od
}

/* from some moment on: one assignee, nothing is lost */
#ifndef SAFETY_ONLY
active proctype Monitor()
{
    if
    :: d_step { !calm -> calm = 1; keep_old() }
    :: d_step { !calm -> calm = 2; keep_old() }
#if OWNERS > 2
    :: d_step { !calm -> calm = 3; keep_old() }
#endif
    fi;
end: timeout -> NoDeadEnd = vS == K; assert(NoDeadEnd)
}
#endif

init {
    byte k;
    atomic {
        for (k : 0 .. OWNERS - 1) { L[k] = NONE; B[k] = NONE }
        for (k : 0 .. NN - 1) { run Network(k) }
        for (k : 0 .. OWNERS - 1) { run Owner(k) }
        k = 0
    }
}

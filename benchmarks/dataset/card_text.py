"""The words of a data card; every number in braces is filled in from the data."""

from __future__ import annotations

import textwrap

CARD = """\
# {task}: data card

Trainings of small RegNets on Fashion-MNIST, every epoch recorded. All numbers below are written by
`python -m benchmarks card` from the data.
{figure}
## What it is for
Research on search methods that count energy: the table answers with what was recorded, the
surrogate fitted to it with a prediction. It is not for claims about image classification, nor about
the energy of any device but the one described here.

## What is in it
{n_runs} complete trainings of {n_configs} configurations; {n_repeated} configurations were trained
with three seeds. A configuration is a network (depth 4-10, w0 8-32, wa 2-8, wm 2-3, group width
1-16; RegNet without squeeze-and-excitation, stem of 8 channels) and how to train it (base learning
rate .001-1, SGD, Adam or AdamW, cosine, exponential or linear policy, cutout 0 or 4, 10, 20 or 40
epochs), drawn from the priors of `surrogate.space.tasks`. Nothing in it is personal data.

| value | kind | unit | quartiles |
|---|---|---|---|
| `val_accuracy`, last epoch | measured, 4,000 images | share | {val_quartiles} |
| `test_accuracy`, last epoch | measured, 4,000 images | share | {test_quartiles} |
| training time of an epoch (`{time_field}`) | measured, {time_words} | s | {epoch_s} |
| training time of a run (`runtime_s`) | measured, {time_words} | s | {total_s} |
| training energy of a run (`energy_kwh`, kWh) | **{kind}** | J | {energy_j} |
| mean power of a run | **{kind}** | W | {watts} |
| `inference_energy_kwh`, 4,000 images | **{kind}** | J | {inference_j} |

Validation accuracy goes from {val_range}; {at_chance} of the runs end below 15 %. `train_accuracy`
is that of the augmented batches as they were seen. All runs together: {all_hours} h of training,
{all_kwh} kWh. Standard deviation of the final test accuracy over seeds of one configuration:
{noise}; the sampling error of 4,000 images alone is 0.5 points at 88 %. `complexity` is exact, by
counting.

## How, on what and when
Images of Fashion-MNIST averaged to 14x14: 4,000 for training and 4,000 for validation from the
published training set, 4,000 for testing from its test set, always the same ones. Batches of 100,
horizontal flips, label smoothing 0.1, two warm-up epochs, Nesterov momentum 0.9 (SGD), weight decay
5e-4. Run *i* is the same configuration and seed everywhere
(`benchmarks/collection/planned_runs.py`). {how}
Trained from {first} to {last}:

- on {machines},
- with {torches}.

{meter}
## Time
`runtime_s`, in the table and in the surrogate, is {time_meaning}.

**Speed of the machine.** The same training takes more or less of it from hour to hour, with what
the physical machine does for others. What the runs of an hour have in common, beside the size of
their networks, is taken for that. Times over those at the usual speed: {speeds}. The table has what
was recorded, and energy estimated from it; the surrogate's times and energies are those at the
usual speed. There a time repeats to {time_noise} (standard deviation over trainings of one
configuration).

**Disturbed runs.** {n_disturbed} of {n_runs} runs took over 20 % longer by the wall clock than in
CPU time, because the machine had other work (median of wall-clock over CPU time: {median_wait}).
`disturbed` says so in every record (`row.disturbed` in the table). {disturbed_use}

## Known limits
{limits}
- Validation and test passes after each epoch are recorded (`eval_cpu_s`), not in the energy.
- Diverged trainings are kept: they cost energy, too.
- One data set, small images, small networks: what holds here need not hold for large ones.

## Check and extend
`python -m benchmarks verify --task {task} --runs 2` trains two random runs again (needs torch). On
the same kind of processor and torch version they come out the same to the last digit; elsewhere
rounding differs, and the best validation accuracies must agree within 3 points, or the command
fails. Times and energies are shown side by side and depend on the machine. `python -m benchmarks
collect{collect_options}` adds runs. A damaged file is noticed by its SHA-256, and the message names
the command that restores it.

## Licence and citation
The records are under the project's MIT licence. Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017,
arXiv 1708.07747, MIT licence) is not contained. Cite the data as in `CITATION.cff`: The
eahas-plugins contributors, *{task}: {n_runs} trainings with energy*, version {version}, {year}; and
EA-HAS-Bench (Dou et al., ICLR 2023), whose space it follows.
"""

ESTIMATED = """\
## Energy is an estimate
There was no counter on the machine. Energy = {static} W x CPU seconds + {arithmetic} pJ x
multiply-adds + {memory} pJ x bytes moved, with three passes per training step
(`benchmarks/collection/estimated_energy.py` has the traffic). The coefficients are those of a
{model}, which is assumed: the machine tells the family of its processor and not the model.

| coefficient | value | bounds | unit | published, and assumed |
|---|---|---|---|---|
{coefficients}

With every coefficient at its bound the energy would be {low} to {high} times the central value
(medians): absolute values are good to a factor, comparisons within the data are better. The raw
CPU seconds and network sizes are in the records, and `python -m benchmarks
derive-energy RECORDS OUT` computes energy anew, with coefficients of your own in
`eahas_plugins/energy/estimate.py`.

**Energy and time are nearly one axis here.** Over runs, the linear (Pearson) correlation of mean
energy and mean time of an epoch is {correlation}, and of the ranks {rank_correlation}. That is the
model's doing: static power makes up {static_share} of the energy, arithmetic {arithmetic_share} and
memory {memory_share} (means), because networks this small spend their time on overheads and not on
arithmetic; so 90 % of the runs draw {power_range} W. A search that minimises time minimises this
energy almost as well. Where the two must differ, use energy that was measured (`fashion-nano-gpu`,
once collected) or the simulated tasks.
"""

MEASURED = """\
## Energy is measured
By the energy counter of the GPU's driver (`{counter}`), which covers the whole board, memory
included; the host's processor is not counted. {devices}. The counter moves every {update_ms} ms
(median). A window starts and ends where it moves; what the board drew while waiting for the last
move is taken off at the static power, {static_watts} W (quartiles over runs, measured after a
warm-up), which stays in the energy of the work itself. An epoch shorter than {window_s} s is
repeated from the same state until it fills a window ({repeats} times, quartiles), and only the
training part is in it. {windows} Inference is the median of three such windows. On A100 and H100
the sensor behind the driver's readings was found to look at a quarter of the time (Yang et al.,
2024, arXiv 2312.02741): long windows average that, a bias of the sensor (some percent) stays.

**Energy and time.** Over runs, the linear (Pearson) correlation of mean energy and mean time of an
epoch is {correlation}, and of the ranks {rank_correlation}; 90 % of the runs draw {power_range} W.
"""


def wrapped(text: str) -> str:
    """Prose in lines of at most 100 characters; tables, lists and headings as they are."""
    blocks = text.split("\n\n")
    for place, block in enumerate(blocks):
        head, _, prose = block.rpartition("## ")
        if head or block.startswith("## "):
            title, _, prose = prose.partition("\n")
            blocks[place] = f"{head}## {title}\n{_fill(prose)}".rstrip()
        else:
            blocks[place] = _fill(block)
    return "\n\n".join(blocks).rstrip() + "\n"


def _fill(block: str) -> str:
    if block.startswith(("|", "-", "#", "!")) or "\n- " in block:
        return block
    return textwrap.fill(block, 100, break_long_words=False, break_on_hyphens=False)

# The main road: make model ALPHA=0.5 RES=160 [DATA=... CHIP=... INIT=... MINUTES=... SEED=...]
# Stages are chained here and nowhere else; each is one `sixmeg` subcommand from file to file.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

ALPHA ?= 0.5
RES ?= 160
DATA ?= cifar10
CHIP ?= npu6m
INIT ?= auto
MINUTES ?=
STEPS ?=
SEED ?= 0
ACTIVATION ?= relu6
VARIANT ?= separable
TEACHER ?=
SAMPLES ?= 20
BUILD ?= build
MODELS ?= ../shared/models/*.tflite
ANCHORS ?= ../shared/anchors
SIZES ?= 1.0/224 1.0/512 1.0/640
PACKS ?= ../shared/minimalloc/*.csv
PYTHON ?= $(shell command -v python3.11 || command -v python3)

BIN := .venv/bin
SIXMEG ?= $(BIN)/sixmeg
READY := .venv/.ready
MODEL := mobilenet_v1_$(if $(filter-out separable,$(VARIANT)),$(VARIANT)_)$(ALPHA)_$(RES)
# cifar10, tfds:beans and ../pictures/flowers.tar become cifar10, tfds_beans and flowers.
DATA_NAME := $(subst :,_,$(basename $(notdir $(patsubst %/,%,$(DATA)))))
B := $(BUILD)/$(MODEL)/$(DATA_NAME)
C := $(B)/$(basename $(notdir $(CHIP)))

.PHONY: help setup model float cell folders sweep study-separable study-shallow study-alpha study-res study-tradeoff summary oracle bench-plan check-plans check-c bench-c bench-chips bench-fps bench-localize bench-res bench-sim firmware-test firmware-tools test test-all lint clean FORCE

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12
	@echo "Variables: ALPHA=$(ALPHA) RES=$(RES) DATA=$(DATA) CHIP=$(CHIP) INIT=$(INIT) MINUTES=$(MINUTES)" \
	  "SEED=$(SEED) ACTIVATION=$(ACTIVATION)"

setup: $(READY) ## .venv with everything of requirements.lock and the sixmeg command

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m firmware_sim.warm
	touch $@

model: $(C)/report.html $(C)/firmware/manifest.json ## Train, quantize, plan, simulate, report, hand over
	@echo "report:   $(C)/report.html"
	@echo "firmware: $(C)/firmware/"
	@$(SIXMEG) report $(C) --verdict
	@$(SIXMEG) gate $(B)/model.tflite --chip '$(CHIP)' --runtime any >/dev/null

TRAINED := $(ALPHA) $(RES) $(DATA) $(INIT) $(MINUTES) $(SEED) $(ACTIVATION)$(if $(STEPS), steps $(STEPS))$(if $(TEACHER), teacher $(TEACHER))

# A teacher is a Keras model, or the ALPHA of a network that is trained first, as this one is.
TAUGHT_BY := $(if $(TEACHER),$(or $(wildcard $(TEACHER)),$(BUILD)/mobilenet_v1_$(TEACHER)_$(RES)/$(DATA_NAME)/float.keras))
ifneq ($(TAUGHT_BY),$(TEACHER))
$(TAUGHT_BY): FORCE
	@$(MAKE) --no-print-directory float ALPHA=$(TEACHER) TEACHER= VARIANT=separable
endif

# What Make cannot see in a file's time: a change of these words makes the stage stale.
$(B)/train.args: FORCE
	@mkdir -p $(@D)
	@echo '$(TRAINED)' | cmp -s - $@ || echo '$(TRAINED)' > $@

$(C)/chip.args: FORCE
	@mkdir -p $(@D)
	@echo '$(CHIP)' | cmp -s - $@ || echo '$(CHIP)' > $@

$(B)/float.keras: $(B)/train.args $(TAUGHT_BY) $(wildcard train/*.py) graph/mobilenet.py | $(READY)
	$(SIXMEG) train --alpha $(ALPHA) --res $(RES) --data '$(DATA)' --init '$(INIT)' $(if $(MINUTES),--minutes $(MINUTES)) \
	  $(if $(STEPS),--steps $(STEPS)) --seed $(SEED) --activation $(ACTIVATION) --variant $(VARIANT) \
	  $(if $(TAUGHT_BY),--teacher $(TAUGHT_BY)) -o $(B)

$(B)/model.tflite: $(B)/float.keras $(wildcard quantize/*.py)
	$(SIXMEG) quantize $< --data '$(DATA)' --seed $(SEED) -o $@

$(B)/float.onnx: $(B)/float.keras
	$(SIXMEG) onnx $< --data '$(DATA)' -o $@

$(B)/inputs.npy: $(B)/model.tflite
	$(SIXMEG) inputs $< --data '$(DATA)' --samples $(SAMPLES) --seed $(SEED) -o $@

$(B)/compare_%.json: $(B)/model.tflite $(B)/inputs.npy
	$(SIXMEG) compare $< --oracle $* --input $(B)/inputs.npy --samples $(SAMPLES) --seed $(SEED) -o $@

$(B)/accuracy.json: $(B)/model.tflite
	$(SIXMEG) evaluate $< --data '$(DATA)' --float-predictions $(B)/float_predictions.npy -o $@

$(C)/plan.json: $(B)/model.tflite $(C)/chip.args
	$(SIXMEG) plan $< --chip '$(CHIP)' -o $@ || [ $$? = 3 ]  # over budget: the report tells it, the gate fails

$(C)/fps.json: $(B)/model.tflite $(C)/chip.args
	$(SIXMEG) fps $< --chip '$(CHIP)' --cells -o $@

STAGES := $(B)/float.keras $(B)/float.onnx $(B)/model.tflite $(B)/accuracy.json $(B)/compare_tflm.json $(B)/compare_tflite-ref.json \
  $(C)/plan.json $(C)/fps.json

# Many runs, each a make of its own.
ALPHAS ?= 0.25 0.5
RESES ?= 96 128
SEEDS ?= $(SEED)
ENGINE ?= joblib
WORKERS ?= 1
MIN_FPS ?=
MANY = --data '$(DATA)' --seeds '$(SEEDS)' --init '$(INIT)' $(if $(MINUTES),--minutes $(MINUTES)) $(if $(STEPS),--steps $(STEPS)) \
  --activation $(ACTIVATION) --build '$(BUILD)' --engine '$(ENGINE)' --workers $(WORKERS) $(if $(TEACHER),--set 'TEACHER=$(TEACHER)')

# What a sweep asks for: the float model alone, or all that its table needs. Slower stages that are there stay true.
float: $(B)/float.keras
cell: $(C)/report.json
folders:
	@echo 'B=$(B)' 'C=$(C)'

$(C)/report.json: $(B)/model.tflite $(B)/accuracy.json $(C)/plan.json $(C)/fps.json \
  $(wildcard $(B)/float.onnx $(B)/compare_*.json)
	$(SIXMEG) report $(C)

sweep: $(READY) ## Every ALPHA of ALPHAS= by RES of RESES= on CHIP=: a table, Pareto plots, the best that fits
	@$(SIXMEG) sweep --alphas '$(ALPHAS)' --reses '$(RESES)' --chip '$(CHIP)' $(if $(MIN_FPS),--min-fps $(MIN_FPS)) $(MANY)

# The paper's experiments, each beside its published rows.
STUDY = @$(SIXMEG) experiment $(patsubst study-%,%,$@) $(if $(filter-out file,$(origin ALPHAS)),--alphas '$(ALPHAS)') \
  $(if $(filter-out file,$(origin RESES)),--reses '$(RESES)') $(MANY)

study-separable: $(READY) ## The paper's table 4: full convolutions against depthwise separable ones, on DATA=
	$(STUDY)

study-shallow: $(READY) ## Its table 5: narrow against shallow
	$(STUDY)

study-alpha: $(READY) ## Its table 6: the ALPHA sweep
	$(STUDY)

study-res: $(READY) ## Its table 7: the RES sweep
	$(STUDY)

study-tradeoff: $(READY) ## Accuracy against MACs over ALPHAS= by RESES=, 16 cells by default
	$(STUDY)

$(C)/report.html: $(STAGES) $(wildcard export/*.py export/templates/*)
	$(SIXMEG) report $(C)

$(C)/firmware/manifest.json: $(B)/model.tflite $(B)/inputs.npy $(B)/compare_tflm.json $(B)/compare_tflite-ref.json \
  $(C)/chip.args $(wildcard export/*.py export/templates/*)
	$(SIXMEG) export $< --chip '$(CHIP)' --name $(MODEL) --input $(B)/inputs.npy \
	  --pixel-scale 2/255 --pixel-offset -1 --calibration $(B)/calibration.json \
	  --compare $(B)/compare_tflm.json --compare $(B)/compare_tflite-ref.json -o $(@D)

.SECONDARY:

summary: $(READY) ## MACs and parameters of the paper's 16 networks, ours beside the paper's
	@$(SIXMEG) summary

oracle: $(READY) ## Every tensor of every model of MODELS= against every runtime; bytes that differ
	@$(BIN)/python -m benchmarks.oracle $(MODELS)

bench-plan: $(READY) ## Arenas of our plans beside TFLM's and Vela's, for MODELS= and MobileNetV1 in 16 sizes
	@$(BIN)/python -m benchmarks.plan $(MODELS)

check-plans: $(READY) ## Our plans run, for MODELS= and MobileNetV1 in SIZES=: by TFLM, and by the simulator against it
	@$(BIN)/python -m benchmarks.check_plans $(MODELS) --sizes '$(SIZES)'

check-c: $(READY) ## The emitted C's bits, every tensor, in every plan and on every path, for MODEL= or MODELS=
	@$(BIN)/python -m benchmarks.check_c $(if $(call given,MODEL),'$(MODEL)',$(MODELS))

bench-res: $(READY) ## The largest picture with which each MobileNetV1 fits 6 MiB: docs/largest-res.md and its plot
	@$(BIN)/python -m benchmarks.res

bench-chips: $(READY) ## What each chip's speed was fitted to, and the errors of rows left out, from ANCHORS=
	@$(BIN)/python -m benchmarks.chips --anchors $(ANCHORS)

bench-fps: $(READY) ## Frames a second of 16 MobileNets on every chip, and of one under every plan: docs/fps.md, README.md
	@$(BIN)/python -m benchmarks.fps

bench-pack: $(READY) ## Our packing on minimalloc's sets, for PACKS=, files that end in their capacity
	@$(BIN)/python -m benchmarks.packing $(PACKS)

given = $(findstring command,$(origin $(1)))

# MODEL is the road's own name of a model; given on the command line it is a file.
BENCHED := $(if $(call given,MODEL),$(MODEL),../shared/models/mobilenet_v1_1.0_224_imagenet1001_ptq_int8.tflite)

VWW := ../shared/models/mlperf_vww_mnv1_025_96_int8.tflite
RACED := $(if $(call given,MODEL),'$(MODEL)',$(if $(call given,MODELS),$(MODELS),$(VWW) '$(BENCHED)'))

bench-c: $(READY) ## The emitted C's speed on this machine beside the runtimes', for MODEL= or MODELS=
	@$(BIN)/python -m benchmarks.c $(RACED)

# What no operator of one MobileNet can have, one of another can.
PLANTED := $(if $(call given,MODEL),'$(MODEL)',$(addprefix ../shared/models/, \
  mlperf_vww_mnv1_025_96_int8.tflite tinymaix_mbnet128_0.25_q.tflite coral_mobilenet_v1_0.25_128_quant_uint8.tflite))

bench-localize: $(READY) ## Known mistakes planted in a firmware, and what compare --against finds, for MODEL=
	@$(BIN)/python -m benchmarks.localize $(PLANTED)

bench-sim: $(READY) ## The simulator's speed beside the runtimes', for MODEL=, a .tflite
	@$(BIN)/python -m benchmarks.sim '$(BENCHED)'

# Which of these were given on the command line; without any, the models that stand in docs/firmware-c.md.
GIVEN := $(strip $(foreach name,MODELS SIZES ALPHA RES,$(if $(call given,$(name)),$(name))))
BOOTED := $(if $(filter MODELS,$(GIVEN)),$(MODELS),$(if $(GIVEN),,$(wildcard ../shared/models/mlperf_vww_mnv1_025_96_int8.tflite)))
BOOTED_SIZES := $(if $(filter SIZES,$(GIVEN)),$(SIZES),$(if $(filter ALPHA RES,$(GIVEN)),$(ALPHA)/$(RES), \
  $(if $(GIVEN),,0.5/160 1.0/224 1.0/640 1.0/640:streamed)))
OVER ?= $(if $(GIVEN),,1.0/800)
MACHINES ?= cortex-m55 cortex-m7 riscv64
OPTIMIZE ?= -O2

firmware-test: $(READY) ## The C of MODELS= and SIZES= booted in QEMU: Cortex-M55, Cortex-M7, RISC-V; 6 MiB linked
	@$(BIN)/python -m benchmarks.boot $(BOOTED) --sizes '$(strip $(BOOTED_SIZES))' --over '$(OVER)' \
	  --machines '$(MACHINES)' --chip '$(CHIP)' --cflags='$(OPTIMIZE)' --build $(BUILD)

# What firmware-test needs, on Debian and Ubuntu.
PACKAGES := make gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm \
  gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc

firmware-tools: ## Install what firmware-test needs (apt-get)
	$(if $(filter 0,$(shell id -u)),,sudo )apt-get install --yes --no-install-recommends $(PACKAGES)

bench-worst: $(READY) ## Channels spread by 1000 on purpose, for FLOAT= (a ReLU model) and DATA=: int8 by the converter, by auto
	@$(BIN)/python -m benchmarks.worst_case '$(FLOAT)' '$(DATA)'

test: $(READY) ## Tests, style and types
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n auto -m "not slow"

test-all: $(READY) ## Everything, the exhaustive suites too
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n auto

lint: $(READY) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .

clean: ## Remove build/; .venv and the data cache stay
	rm -rf $(BUILD)

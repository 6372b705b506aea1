/* A management library with the GPUs of a text file: the functions that nvidia-ml-py looks up by name.
 *
 * $FAKE_NVML names the file. A line is one GPU:
 *   name|uuid|domain|bus|device|pci id (hex)|total|used|gpu %|memory %|major|minor|mig|virtual
 * and `field=code` words after another | make that field's function return the code (3 not supported,
 * 4 no permission, 15 lost). A line `init=code`, `count=code` or `shutdown=code` is what that function of
 * the library itself returns. Whoever shuts it down is told so on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, INVALID = 2, NOT_FOUND = 6, MOST = 16 };

typedef struct {
  char name[96], uuid[80], faults[256];
  unsigned domain, bus, device, pci, gpu, memory, mig, virtual_;
  unsigned long long total, used;
  int major, minor;
} Gpu;

typedef struct { char busIdLegacy[16]; unsigned domain, bus, device, pciDeviceId, pciSubSystemId; char busId[32]; } Pci;
typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned gpu, memory; } Use;

static Gpu gpus[MOST];
static unsigned count;
static int init_code, count_code, shutdown_code;

static int fault(const Gpu *gpu, const char *field) {
  const char *at = strstr(gpu->faults, field);
  return at ? atoi(at + strlen(field)) : OK;
}

int nvmlInit_v2(void) {
  char line[1024];
  FILE *file = fopen(getenv("FAKE_NVML") ? getenv("FAKE_NVML") : "", "r");
  count = 0, init_code = count_code = shutdown_code = OK;
  if (!file) return 9; /* the driver is not loaded */
  while (count < MOST && fgets(line, sizeof line, file)) {
    Gpu *gpu = &gpus[count];
    memset(gpu, 0, sizeof *gpu);
    if (sscanf(line, "init=%d", &init_code) || sscanf(line, "count=%d", &count_code) ||
        sscanf(line, "shutdown=%d", &shutdown_code))
      continue;
    if (sscanf(line, "%95[^|]|%79[^|]|%u|%u|%u|%x|%llu|%llu|%u|%u|%d|%d|%u|%u|%255[^\n]", gpu->name, gpu->uuid,
               &gpu->domain, &gpu->bus, &gpu->device, &gpu->pci, &gpu->total, &gpu->used, &gpu->gpu,
               &gpu->memory, &gpu->major, &gpu->minor, &gpu->mig, &gpu->virtual_, gpu->faults) >= 14)
      count++;
  }
  fclose(file);
  return init_code;
}
int nvmlInitWithFlags(unsigned flags) { (void)flags; return nvmlInit_v2(); }
int nvmlShutdown(void) { fputs("shut down\n", stderr); return shutdown_code; }
const char *nvmlErrorString(int code) { return code == 15 ? "GPU is lost" : "an error of the fake"; }

int nvmlDeviceGetCount_v2(unsigned *found) { *found = count; return count_code; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, Gpu **gpu) {
  if (index >= count) return INVALID;
  *gpu = &gpus[index];
  return fault(*gpu, "handle=");
}
int nvmlDeviceGetName(Gpu *gpu, char *name, unsigned size) {
  snprintf(name, size, "%s", gpu->name);
  return fault(gpu, "name=");
}
int nvmlDeviceGetUUID(Gpu *gpu, char *uuid, unsigned size) {
  snprintf(uuid, size, "%s", gpu->uuid);
  return fault(gpu, "uuid=");
}
int nvmlDeviceGetPciInfo_v3(Gpu *gpu, Pci *pci) {
  memset(pci, 0, sizeof *pci);
  pci->domain = gpu->domain, pci->bus = gpu->bus, pci->device = gpu->device;
  pci->pciDeviceId = gpu->pci << 16 | 0x10de;
  snprintf(pci->busId, sizeof pci->busId, "%08X:%02X:%02X.0", gpu->domain, gpu->bus, gpu->device);
  return fault(gpu, "pci=");
}
int nvmlDeviceGetMemoryInfo(Gpu *gpu, Memory *memory) {
  memory->total = gpu->total, memory->used = gpu->used, memory->free = gpu->total - gpu->used;
  return fault(gpu, "memory=");
}
int nvmlDeviceGetUtilizationRates(Gpu *gpu, Use *use) {
  use->gpu = gpu->gpu, use->memory = gpu->memory;
  return fault(gpu, "use=");
}
int nvmlDeviceGetCudaComputeCapability(Gpu *gpu, int *major, int *minor) {
  *major = gpu->major, *minor = gpu->minor;
  return fault(gpu, "capability=");
}
int nvmlDeviceGetMigMode(Gpu *gpu, unsigned *now, unsigned *next) {
  *now = *next = gpu->mig;
  return fault(gpu, "mig=");
}
int nvmlDeviceGetVirtualizationMode(Gpu *gpu, unsigned *mode) {
  *mode = gpu->virtual_;
  return fault(gpu, "virtual=");
}
